import type { Kysely } from 'kysely';
import { sql } from 'kysely';

/** How often a run was begun: one that ends its process every time is found out by it. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table job_results add column starts integer not null default 0`.execute(db);
}
