import type { FastifyInstance } from 'fastify';
import type { Config } from '#config.ts';
import type { Observation } from './observation.ts';
import type { Database } from '#db/database.ts';
import { pendingMigrations } from '#db/migrate.ts';
import type { Links } from '#domain/links.ts';
import type { HookDeps } from '#hooks/hook.ts';
import { loadHooks } from '#hooks/secrets.ts';
import { tightenHook } from '#hooks/store.ts';
import type { HttpDeps } from '#http/deps.ts';
import { createHttpServer } from '#http/server.ts';
import { storeDeliveries } from '#inbox/store-deliveries.ts';
import type { EgressPolicy } from '#net/egress-policy.ts';
import { createScrape } from '#observe/scrape.ts';
import { parseRemoteUrl, sameRemoteKey } from '#net/remote-url.ts';
import { createAuthenticate } from '#people/authenticate.ts';
import type { StaticToken } from '#people/authenticate.ts';
import type { Bootstrap } from '#people/bootstrap.ts';
import type { Queue } from '#queue/boss.ts';
import { hasWorkers, listWorkers } from '#queue/workers.ts';
import { createGroupedStore } from '#receive/grouped-store.ts';
import { createKnownHooks } from '#receive/known-hooks.ts';
import { registerReceive } from '#receive/route.ts';
import { spoolTar } from '#sync/spool.ts';
import type { UploadDeps } from '#sync/upload.ts';
import { startUpload } from '#sync/upload.ts';

export interface WebDeps {
  readonly config: Config;
  readonly database: Database;
  readonly queue: Queue;
  readonly links: Links;
  readonly policy: EgressPolicy;
  readonly start: Bootstrap;
  readonly staticTokens: readonly StaticToken[];
  readonly hooks: HookDeps;
  readonly run: UploadDeps;
  readonly spoolDir: string;
  readonly version: string;
  readonly observation: Observation;
  readonly stopping: AbortSignal;
}

function now(): Date {
  return new Date();
}

/** The HTTP half of a process, put together and not listening yet. */
export async function createWeb(deps: WebDeps): Promise<FastifyInstance> {
  const { database, queue, links, policy, hooks, run, config } = deps;
  const { findProvider } = hooks;
  const { instruments, meters, tracing, gitProcesses } = deps.observation;
  const store = createGroupedStore((deliveries) => storeDeliveries(database, deliveries));
  const knownHooks = createKnownHooks((ids) => loadHooks(hooks, ids));
  const checkUrl: HttpDeps['repositories']['checkUrl'] & HttpDeps['gitTokens']['checkUrl'] = (text) => parseRemoteUrl(text, policy);
  return createHttpServer({
    database,
    queue,
    links,
    log: run.log,
    redact: run.redact,
    version: deps.version,
    authenticate: createAuthenticate({ database, bootstrap: deps.start, staticTokens: deps.staticTokens }),
    repositories: { database, queue, links, findProvider, checkUrl, sameRemoteKey },
    gitTokens: { database, vault: hooks.vault, checkUrl, findProvider, now },
    hooks,
    metrics: createScrape({
      instruments,
      database,
      jobs: () => queue.counts(),
      gitProcesses,
      dataDir: config.dataDir,
      version: deps.version,
    }),
    listWorkers: () => listWorkers(database),
    now,
    checkReady: () => checkReady(database, queue),
    hasWorkers: () => hasWorkers(database),
    registerReceive: (scope) =>
      registerReceive(scope, {
        findReader: (provider) => findProvider(provider)?.webhooks,
        hooks: knownHooks,
        tighten: (hookId, kind) => tightenHook(database, hookId, kind),
        store,
        now,
        tracing,
        count: meters.delivered,
      }),
    spool: (tar, signal) => spoolTar(tar, deps.spoolDir, config.limits, signal),
    startUpload: (upload) => startUpload(run, upload, deps.stopping),
  });
}

const READY_MS = 3_000;

/** Ready means that work can be taken: the database answers, with this code's schema, and the queue is there. */
async function checkReady(database: Database, queue: Queue): Promise<{ readonly ready: boolean; readonly problems: readonly string[] }> {
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
