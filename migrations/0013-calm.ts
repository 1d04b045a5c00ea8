import type { Kysely } from 'kysely';
import { sql } from 'kysely';

/** What keeps runs apart that webhooks ask for: when the last run ended, how stormy it is, and whether the one that waits is of their kind. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table repositories
    add column calm_since timestamptz, add column calm_runs integer not null default 0, add column pending_calm boolean not null default false`.execute(
    db,
  );
}
