import type { Kysely } from 'kysely';
import { sql } from 'kysely';

/** Deliveries exactly as received. The row is also the routing queue: nothing else has to be written for a delivery to be handled. */
export async function up(db: Kysely<unknown>): Promise<void> {
  // bytea, not jsonb: PostgreSQL refuses some valid JSON (\u0000), and a signature is over bytes (SECURITY fact 11).
  await sql`
    create table deliveries (
      id uuid primary key,
      organization_id uuid not null references organizations on delete cascade,
      hook_id uuid not null references hooks on delete cascade,
      provider text not null,
      delivery_key text not null,
      event text not null,
      headers jsonb not null,
      body bytea not null,
      body_hash bytea not null,
      received_at timestamptz not null default now(),
      status text not null default 'accepted' check (status in ('accepted', 'routed', 'ignored', 'failed')),
      detail text,
      events jsonb,
      job_result_ids uuid[] not null default '{}',
      attempts integer not null default 0,
      route_after timestamptz not null default now(),
      routed_at timestamptz,
      unique (hook_id, delivery_key)
    )`.execute(db);
  await sql`create index deliveries_unrouted on deliveries (route_after, id) where routed_at is null`.execute(db);
  await sql`create index deliveries_listed on deliveries (organization_id, received_at desc, id)`.execute(db);
}
