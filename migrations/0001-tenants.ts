import type { Kysely } from 'kysely';
import { sql } from 'kysely';

/** Organizations, the people in them, and the API tokens they act with. Every later table carries its organization. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table organizations (
      id uuid primary key,
      slug text not null unique check (slug ~ '^[a-z0-9][a-z0-9-]{0,62}$'),
      name text not null,
      created_at timestamptz not null default now()
    )`.execute(db);
  await sql`
    create table users (
      id uuid primary key,
      email text not null unique,
      display_name text not null,
      created_at timestamptz not null default now()
    )`.execute(db);
  await sql`
    create table members (
      organization_id uuid not null references organizations on delete cascade,
      user_id uuid not null references users on delete cascade,
      role text not null check (role in ('owner', 'admin', 'devops', 'viewer')),
      created_at timestamptz not null default now(),
      primary key (organization_id, user_id)
    )`.execute(db);
  // Only the hash is kept: 256 bits of randomness need no slow hash (SECURITY T41).
  await sql`
    create table api_tokens (
      id uuid primary key,
      organization_id uuid not null references organizations on delete cascade,
      user_id uuid not null references users on delete cascade,
      name text not null,
      token_hash bytea not null unique,
      role text not null check (role in ('owner', 'admin', 'devops', 'viewer')),
      expires_at timestamptz,
      last_used_at timestamptz,
      created_at timestamptz not null default now(),
      unique (organization_id, name)
    )`.execute(db);
}
