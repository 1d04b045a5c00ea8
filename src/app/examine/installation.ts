import { listUnverified } from '#credentials/network/store.ts';
import type { Vault } from '#credentials/vault.ts';
import type { Database } from '#db/database.ts';
import { compareMigrations } from '#db/migrate.ts';
import { readServerState } from '#db/server.ts';
import type { Check } from '#domain/check.ts';
import { fail, pass } from '#domain/check.ts';
import { readHealth } from '#observe/store.ts';
import type { Queue } from '#queue/boss.ts';
import { listWorkers } from '#queue/workers.ts';
import { checkNetworks } from './networks.ts';
import { checkSealedSecrets } from './secrets.ts';
import type { ReadOwnSource } from './tokens.ts';
import { checkTokens } from './tokens.ts';
import { checkServer } from './server.ts';
import { checkWork } from './work.ts';

export interface ExamineDeps {
  readonly database: Database;
  /** undefined: the keys are not at hand. */
  readonly vault: Vault | undefined;
  readonly version: string;
  /** Tries where secrets are kept that are not kept in the database; undefined: they are not tried. */
  readonly readTokenSource?: ReadOwnSource | undefined;
}

/** Everything about an installation that its database shows. Changes nothing. `openQueue` may throw where the queue's tables are missing. */
export async function examineInstallation(
  { database, vault, version, readTokenSource }: ExamineDeps,
  withQueue: <T>(work: (queue: Pick<Queue, 'counts'>) => Promise<T>) => Promise<T>,
): Promise<readonly Check[]> {
  const server = await readServerState(database);
  const { pending, unknown } = await compareMigrations(database);
  if (unknown.length > 0) {
    const help = 'Update Tributary here: until then a process that runs goes on, and one that ends does not start again.';
    return [
      ...checkServer(server, database.embedded, 0),
      fail('schema', `Of a later version: ${unknown.join(', ')} not known here.`, help),
    ];
  }
  if (pending.length > 0) {
    const help = 'Run: npx tributary migrate (serve does it by itself).';
    return [...checkServer(server, database.embedded, 0), fail('schema', `Not applied: ${pending.join(', ')}.`, help)];
  }
  const workers = await listWorkers(database);
  const health = await readHealth(database);
  const processes = workers.filter((worker) => worker.alive).length;
  return [
    ...checkServer(server, database.embedded, processes),
    pass('schema', 'The schema is up to date.'),
    ...(vault === undefined ? [] : await checkSealedSecrets(database, vault)),
    checkNetworks(await listUnverified(database)),
    ...(await checkTokens(database, readTokenSource)),
    ...(await withQueue(async (queue) => checkWork(health, workers, await queue.counts(), version)).catch((error: unknown) => [
      fail('queue', `The queue cannot be used: ${error instanceof Error ? error.message : String(error)}.`, 'Run: npx tributary migrate'),
    ])),
  ];
}
