import type { Database } from '#db/database.ts';
import { pendingMigrations } from '#db/migrate.ts';
import type { Readiness } from '#http/deps.ts';
import type { Queue } from '#queue/boss.ts';
import { findShortage } from '#sync/store.ts';

const READY_MS = 3_000;

/**
 * Ready means that work can be taken: the database answers, with this code's schema, and the queue is there. Where space has run out
 * deliveries are still taken, and what they ask for waits.
 */
export async function checkReady(database: Database, queue: Queue): Promise<Readiness> {
  const timeout = new Promise<Readiness>((resolve) => {
    setTimeout(() => resolve(unready('The database does not answer in time.')), READY_MS).unref();
  });
  return Promise.race([findProblems(database, queue), timeout]);
}

async function findProblems(database: Database, queue: Queue): Promise<Readiness> {
  try {
    const pending = await pendingMigrations(database);
    await queue.counts();
    if (pending.length > 0) return unready(`The schema is stale: ${pending.join(', ')} not applied.`);
    const shortage = await findShortage(database);
    return { ready: true, problems: shortage === undefined ? [] : [`Imports wait for room: ${shortage}`] };
  } catch {
    return unready('The database or the queue does not answer.');
  }
}

function unready(problem: string): Readiness {
  return { ready: false, problems: [problem] };
}
