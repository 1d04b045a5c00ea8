import type { Kysely } from 'kysely';
import { sql } from 'kysely';

/** What is known of a Git token beyond its state, and when it is asked about again. Tokens that are there already are asked about soon. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    alter table credentials
      add column login text,
      add column probe_repository text,
      add column state_detail text,
      add column notes jsonb not null default '[]',
      add column checked_at timestamptz,
      add column verify_after timestamptz not null default clock_timestamp()`.execute(db);
  await sql`create index credentials_verify on credentials (verify_after) where kind = 'git-token'`.execute(db);
}
