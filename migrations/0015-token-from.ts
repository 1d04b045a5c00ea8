import type { Kysely } from 'kysely';
import { sql } from 'kysely';

/** Where a token's secret is read from, for people to see; what counts is sealed in the place of the secret. null: it is kept here. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table credentials add column token_from jsonb`.execute(db);
}
