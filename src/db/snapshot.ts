import { sql } from 'kysely';
import type { Database } from './database.ts';

/**
 * Reads with several queries as of one moment: an import that commits between two of them is seen by all of them or by none, so no
 * answer mixes two commits. Only for reading; a write in it would fail where another has written meanwhile.
 */
export async function readSnapshot<T>(database: Database, read: (snapshot: Database) => Promise<T>): Promise<T> {
  return database.transaction(async (tx) => {
    await sql`set transaction isolation level repeatable read, read only`.execute(tx.kysely);
    return read({ ...database, kysely: tx.kysely, transaction: (work) => work(tx) });
  });
}
