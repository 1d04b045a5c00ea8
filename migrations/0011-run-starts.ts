import type { Kysely } from 'kysely';
import { sql } from 'kysely';

/** How often a run was begun, so that one that ends its process every time is found out; and the lines that wait for room, for readiness. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table job_results add column starts integer not null default 0`.execute(db);
  await sql`create index lines_without_room on lines (id) where error ->> 'code' = 'STORAGE_FULL'`.execute(db);
}
