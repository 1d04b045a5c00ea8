import type { Database } from '#db/database.ts';
import { pendingMigrations } from '#db/migrate.ts';
import type { Queue } from '#queue/boss.ts';

const READY_MS = 3_000;

/** Ready means that work can be taken: the database answers, with this code's schema, and the queue is there. */
export async function checkReady(
  database: Database,
  queue: Queue,
): Promise<{ readonly ready: boolean; readonly problems: readonly string[] }> {
  const timeout = new Promise<readonly string[]>((resolve) => {
    setTimeout(() => resolve(['The database does not answer in time.']), READY_MS).unref();
  });
  const problems = await Promise.race([findProblems(database, queue), timeout]);
  return { ready: problems.length === 0, problems };
}

async function findProblems(database: Database, queue: Queue): Promise<readonly string[]> {
  try {
    const pending = await pendingMigrations(database);
    await queue.counts();
    return pending.length === 0 ? [] : [`The schema is stale: ${pending.join(', ')} not applied.`];
  } catch {
    return ['The database or the queue does not answer.'];
  }
}
