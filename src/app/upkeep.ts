import type { Logger } from 'pino';
import type { Config } from '#config.ts';
import type { Database } from '#db/database.ts';
import { migrate, pendingMigrations } from '#db/migrate.ts';
import { openDatabase } from '#db/open.ts';
import { readServerMajor } from '#db/server.ts';
import { createRedactor } from '#domain/redact.ts';
import { openQueue } from '#queue/boss.ts';

type DatabaseConfig = Pick<Config, 'databaseUrl' | 'dataDir'>;

/** Migrations and checks go one after the other. */
const CONNECTIONS = 2;
const STOP_WITHIN_MS = 2_000;

/** Brings the product's tables and the queue's up to date; the names of the migrations that were applied. */
export async function migrateDatabase(config: DatabaseConfig, log: Logger): Promise<readonly string[]> {
  return withDatabase(config, log, async (database) => {
    const applied = await migrate(database);
    await withQueue(database, log, true, async () => undefined);
    return applied;
  });
}

export interface DatabaseState {
  /** Major version of PostgreSQL. */
  readonly major: number;
  /** Migrations that are not applied. */
  readonly pending: readonly string[];
  /** Jobs that wait or run; undefined when the queue's tables are not there. */
  readonly jobs: number | undefined;
  /** Why the queue cannot be used. */
  readonly queueProblem: string | undefined;
}

/** Looks at the database without changing its schema. Throws when it cannot be reached. */
export async function inspectDatabase(config: DatabaseConfig, log: Logger): Promise<DatabaseState> {
  return withDatabase(config, log, async (database) => {
    const major = await readServerMajor(database);
    const pending = await pendingMigrations(database);
    try {
      const jobs = await withQueue(database, log, false, async (queue) => {
        const counts = await queue.counts();
        return counts.reduce((sum, { queued, active }) => sum + queued + active, 0);
      });
      return { major, pending, jobs, queueProblem: undefined };
    } catch (error) {
      return { major, pending, jobs: undefined, queueProblem: error instanceof Error ? error.message : String(error) };
    }
  });
}

async function withDatabase<T>(config: DatabaseConfig, log: Logger, work: (database: Database) => Promise<T>): Promise<T> {
  const database = await openDatabase({ ...config, maxConnections: CONNECTIONS, log });
  try {
    return await work(database);
  } finally {
    await database.close();
  }
}

async function withQueue<T>(
  database: Database,
  log: Logger,
  mayMigrate: boolean,
  work: (queue: Awaited<ReturnType<typeof openQueue>>) => Promise<T>,
): Promise<T> {
  const queue = await openQueue({ database, log, redact: createRedactor([]), migrate: mayMigrate, supervise: false });
  try {
    return await work(queue);
  } finally {
    await queue.stop(STOP_WITHIN_MS);
  }
}
