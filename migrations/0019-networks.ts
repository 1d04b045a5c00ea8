import type { Kysely } from 'kysely';
import { sql } from 'kysely';

/**
 * How a credential's or a repository's server is reached where that is not by the machine's own way, how much of a credential's budget is
 * left at its provider, and what tells the secret of a password credential from another without showing it.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table networks (
      id uuid primary key,
      organization_id uuid not null references organizations on delete cascade,
      credential_id uuid unique references credentials on delete cascade,
      repository_id uuid unique references repositories on delete cascade,
      ca_certificate text,
      sealed_proxy_url bytea,
      tls_verify boolean,
      updated_at timestamptz not null default clock_timestamp(),
      check ((credential_id is null) <> (repository_id is null)))`.execute(db);
  await sql`create index networks_organization on networks (organization_id)`.execute(db);
  await sql`
    create table rate_budgets (
      credential_id uuid primary key references credentials on delete cascade,
      organization_id uuid not null references organizations on delete cascade,
      most integer,
      remaining integer,
      reset_at timestamptz,
      is_near_limit boolean not null default false,
      told_at timestamptz,
      writer uuid,
      writer_until timestamptz,
      next_write_at timestamptz,
      next_hourly_write_at timestamptz)`.execute(db);
  await sql`alter table credentials add column fingerprint text, add column last4 text`.execute(db);
}
