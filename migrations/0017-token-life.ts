import type { Kysely } from 'kysely';
import { sql } from 'kysely';

/** Who is told what of tokens and when, and how far the rotation of a token has come. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table notification_targets (
      id uuid primary key,
      organization_id uuid not null references organizations on delete cascade,
      name text not null,
      kind text not null check (kind in ('webhook', 'email')),
      shown_address text not null,
      events text[],
      enabled boolean not null default true,
      sealed_secret bytea not null,
      failures integer not null default 0,
      failing_since timestamptz,
      last_error text,
      last_success_at timestamptz,
      created_at timestamptz not null default clock_timestamp(),
      updated_at timestamptz not null default clock_timestamp(),
      unique (organization_id, name)
    )`.execute(db);
  await sql`
    create table notifications (
      id uuid primary key,
      organization_id uuid not null references organizations on delete cascade,
      target_id uuid not null references notification_targets on delete cascade,
      credential_id uuid references credentials on delete set null,
      event text not null,
      occasion text not null,
      payload jsonb not null,
      status text not null default 'pending' check (status in ('pending', 'delivered', 'failed')),
      attempts integer not null default 0,
      detail text,
      sending_until timestamptz,
      created_at timestamptz not null default clock_timestamp(),
      delivered_at timestamptz,
      unique (target_id, occasion)
    )`.execute(db);
  await sql`create index notifications_log on notifications (organization_id, created_at desc, id)`.execute(db);
  await sql`create index notifications_credential on notifications (credential_id) where credential_id is not null`.execute(db);
  await sql`
    alter table credentials
      add column reminded_days integer,
      add column reminded_of timestamptz,
      add column rotation_state text check (rotation_state in ('preparing', 'sending', 'unknown', 'guided', 'submitted')),
      add column rotation_id uuid,
      add column rotation_since timestamptz,
      add column rotation_detail text,
      add column rotate_before_days integer,
      add column rotate_after timestamptz,
      add column rotated_at timestamptz,
      add column sealed_previous_secret bytea,
      add column previous_until timestamptz`.execute(db);
  await sql`create index credentials_expiry on credentials (expires_at) where expires_at is not null`.execute(db);
  await sql`create index credentials_rotation on credentials (rotation_since) where rotation_state is not null`.execute(db);
}
