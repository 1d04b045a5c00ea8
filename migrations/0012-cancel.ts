import type { Kysely } from 'kysely';
import { sql } from 'kysely';

/** That somebody wants a run to end, for whichever worker has it; who that was stays with the run. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table job_results add column cancel_requested_at timestamptz`.execute(db);
  await sql`alter table job_results add column cancel_user_id uuid references users on delete set null`.execute(db);
}
