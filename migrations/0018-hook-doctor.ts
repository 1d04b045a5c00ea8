import type { Kysely } from 'kysely';
import { sql } from 'kysely';

/**
 * What is wrong with a hook, part by part, since when it stands so and when somebody last looked; which secret and
 * address the provider was told; what tells that it does not deliver although it looks well: changes that only a look at the remote found, and deliveries
 * that were refused for their signature; and the repair of many hooks at once that it waits in.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    alter table hooks
      add column problems jsonb not null default '[]',
      add column status_since timestamptz not null default clock_timestamp(),
      add column checked_at timestamptz,
      add column secret_told boolean not null default true,
      add column told_url text,
      add column missed_count integer not null default 0,
      add column missed_total bigint not null default 0,
      add column refused_count integer not null default 0,
      add column refused_at timestamptz,
      add column repair_batch uuid,
      add column repair_outcome text check (repair_outcome in ('repaired', 'unchanged', 'failed'))`.execute(db);
  await sql`update hooks set status_since = updated_at`.execute(db);
  await sql`create index hooks_repair_batch on hooks (repair_batch) where repair_batch is not null`.execute(db);
}
