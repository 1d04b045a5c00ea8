import type { Config } from '#config.ts';
import type { Vault } from '#credentials/vault.ts';
import type { Database } from '#db/database.ts';
import type { Links } from '#domain/links.ts';
import type { OperationsDeps } from '#http/operations-server.ts';
import { createScrape } from '#observe/scrape.ts';
import { createAuthenticate } from '#people/authenticate.ts';
import type { StaticToken } from '#people/authenticate.ts';
import type { Bootstrap } from '#people/bootstrap.ts';
import type { Queue } from '#queue/boss.ts';
import { countByKey, sumByRole } from '#rekey/keys.ts';
import type { RunDeps } from '#sync/run.ts';
import type { Observation } from './observation.ts';
import { checkReady } from './ready.ts';

export interface OperationsParts {
  readonly config: Pick<Config, 'dataDir'>;
  readonly database: Database;
  readonly queue: Queue;
  readonly links: Links;
  readonly run: Pick<RunDeps, 'log' | 'redact'>;
  readonly start: Bootstrap;
  readonly staticTokens: readonly StaticToken[];
  readonly version: string;
  readonly observation: Observation;
  readonly vault: Pick<Vault, 'keyIds'>;
}

/** What monitors ask of a process, on whichever port. Made once: its metrics may be registered once only. */
export function createOperations(parts: OperationsParts): OperationsDeps {
  const { config, database, queue, links, run, version, observation, vault } = parts;
  const { instruments, gitProcesses } = observation;
  return {
    links,
    log: run.log,
    redact: run.redact,
    version,
    authenticate: createAuthenticate({ database, bootstrap: parts.start, staticTokens: parts.staticTokens }),
    metrics: createScrape({
      instruments,
      database,
      jobs: () => queue.counts(),
      secrets: async () => sumByRole(await countByKey({ database, vault })),
      gitProcesses,
      dataDir: config.dataDir,
      version,
    }),
    checkReady: () => checkReady(database, queue),
  };
}
