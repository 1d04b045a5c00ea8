import type { Kysely } from 'kysely';
import { sql } from 'kysely';

/**
 * Providers that can prove themselves in more than one way: which kind of secret a hook's deliveries must carry, null while the
 * provider neither said nor showed it. And the branch or tag of a reported commit, by which some providers keep its statuses.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    alter table hooks
      add column secret_kind text check (secret_kind in ('hmac', 'token', 'signing')),
      add column previous_secret_kind text check (previous_secret_kind in ('hmac', 'token', 'signing'))`.execute(db);
  await sql`alter table reports add column ref text`.execute(db);
}
