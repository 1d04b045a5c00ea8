import { setTimeout as sleep } from 'node:timers/promises';
import { toFailure } from '#domain/failure.ts';
import type { Database, Tx } from './database.ts';

const MOST_TRIES = 5;
const WAIT_MS = 100;

/**
 * A transaction that the database ended in favour of another is done again, as PostgreSQL asks of whoever meets a deadlock. For work that
 * leaves nothing outside of it. A deletion takes rows in the order of their keys, a delivery on its way from the inbox in the opposite one.
 */
export async function transactionAgain<T>(database: Database, work: (tx: Tx) => Promise<T>): Promise<T> {
  return again(() => database.transaction(work));
}

/** The same for one statement, which is a transaction of its own. */
export async function again<T>(work: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await work();
    } catch (error) {
      if (tries >= MOST_TRIES || toFailure(error).code !== 'DATABASE_CONFLICT') throw error;
      await sleep(Math.random() * WAIT_MS * tries);
    }
  }
}
