import type { Logger } from 'pino';
import { pino } from 'pino';
import type { Vault } from '#credentials/vault.ts';
import type { Config } from '#config.ts';
import type { Database } from '#db/database.ts';
import { migrate, requireCurrentSchema } from '#db/migrate.ts';
import { openDatabase } from '#db/open.ts';
import type { Check } from '#domain/check.ts';
import { createRedactor } from '#domain/redact.ts';
import { openQueue } from '#queue/boss.ts';
import type { Rekeyer } from '#rekey/rekey.ts';
import { createRekeyer } from '#rekey/rekey.ts';
import { createTokenSources } from './token-sources.ts';
import { examineInstallation } from './examine/installation.ts';

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

/** Everything about the installation that its database shows, without changing it. Throws when it cannot be reached. */
export async function inspectDatabase(
  config: DatabaseConfig & Parameters<typeof createTokenSources>[0],
  vault: Vault | undefined,
  version: string,
): Promise<readonly Check[]> {
  const log = pino({ level: 'silent' });
  return withDatabase(config, log, (database) =>
    examineInstallation({ database, vault, version, readTokenSource: createTokenSources(config) }, (work) =>
      withQueue(database, log, false, work),
    ),
  );
}

/** Hands `work` what re-keying needs of the database, whose schema has to be this code's. */
export async function rekeyDatabase<T>(
  config: DatabaseConfig,
  log: Logger,
  vault: Vault,
  work: (rekeyer: Rekeyer) => Promise<T>,
): Promise<T> {
  return withDatabase(config, log, async (database) => {
    await requireCurrentSchema(database);
    return work(createRekeyer({ database, vault }));
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
