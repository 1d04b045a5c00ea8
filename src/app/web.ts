import type { FastifyInstance } from 'fastify';
import { LRUCache } from 'lru-cache';
import { listAppHooks } from '#apps/store.ts';
import type { Config } from '#config.ts';
import { examineInstallation } from './examine/installation.ts';
import type { Observation } from './observation.ts';
import type { Database } from '#db/database.ts';
import type { Links } from '#domain/links.ts';
import type { HookDeps } from '#hooks/hook.ts';
import { loadHooks } from '#hooks/secrets.ts';
import { noteRefused, retirePrevious, tightenHook } from '#hooks/store.ts';
import type { OperationsDeps } from '#http/operations-server.ts';
import type { HttpDeps } from '#http/deps.ts';
import { createHttpServer } from '#http/server.ts';
import { storeDeliveries } from '#inbox/store-deliveries.ts';
import type { EgressPolicy } from '#net/egress-policy.ts';
import { parseRemoteUrl, sameRemoteKey } from '#net/remote-url.ts';
import type { Bootstrap } from '#people/bootstrap.ts';
import type { Queue } from '#queue/boss.ts';
import { hasWorkers, listWorkers } from '#queue/workers.ts';
import { createRekeyer } from '#rekey/rekey.ts';
import { createGroupedStore } from '#receive/grouped-store.ts';
import { createKnownHooks } from '#receive/known-hooks.ts';
import { createRefusals } from '#receive/refusals.ts';
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
  readonly hooks: HookDeps;
  readonly run: UploadDeps;
  readonly spoolDir: string;
  readonly operations: OperationsDeps;
  readonly observation: Observation;
  readonly stopping: AbortSignal;
}

/** Who signs wrongly may come as often as he likes: the database is not asked each time. */
function rememberAppHooks(find: (appId: string) => Promise<readonly string[]>) {
  const known = new LRUCache<string, Promise<readonly string[]>>({ max: 1_000, ttl: 5_000 });
  return async (appId: string): Promise<readonly string[]> => {
    const found = known.get(appId) ?? find(appId);
    known.set(appId, found, { noUpdateTTL: true });
    found.catch(() => known.delete(appId));
    return found;
  };
}

function now(): Date {
  return new Date();
}

/** The HTTP half of a process, put together and not listening yet. */
export async function createWeb(deps: WebDeps): Promise<FastifyInstance> {
  const { database, queue, links, policy, hooks, run, config } = deps;
  const { findProvider } = hooks;
  const { meters, tracing } = deps.observation;
  const store = createGroupedStore((deliveries) => storeDeliveries(database, deliveries));
  const refusals = createRefusals((counts) => noteRefused(database, counts), run.log);
  const knownHooks = createKnownHooks((ids) => loadHooks(hooks, ids), now);
  const checkUrl: HttpDeps['gitTokens']['checkUrl'] = (text) => parseRemoteUrl(text, policy);
  const server = await createHttpServer({
    ...deps.operations,
    database,
    queue,
    repositories: { database, queue, links, vault: hooks.vault, findProvider, checkUrl, sameRemoteKey, now },
    gitTokens: {
      database,
      queue,
      vault: hooks.vault,
      checkUrl,
      findProvider,
      readTokenSource: hooks.readTokenSource,
      openNetwork: hooks.openNetwork,
      through: hooks.through,
      now,
    },
    apps: { database, queue, links, vault: hooks.vault, findProvider, fetch: hooks.through(undefined), checkUrl },
    hooks,
    notifications: { database, queue, vault: hooks.vault, policy },
    listWorkers: () => listWorkers(database),
    now,
    examine: () =>
      examineInstallation(
        { database, vault: hooks.vault, version: deps.operations.version, readTokenSource: hooks.readTokenSource },
        (work) => work(queue),
      ),
    rekeyer: createRekeyer({ database, vault: hooks.vault }),
    operators: deps.start.organizationSlug,
    hasWorkers: () => hasWorkers(database),
    registerReceive: (scope) =>
      registerReceive(scope, {
        findReader: (provider) => findProvider(provider)?.webhooks,
        findAppHooks: rememberAppHooks((appId) => listAppHooks(database, appId)),
        hooks: knownHooks,
        tighten: (hookId, kind) => tightenHook(database, hookId, kind),
        retire: (hook) => retirePrevious(database, hook),
        refused: refusals.note,
        store,
        now,
        tracing,
        count: meters.delivered,
      }),
    spool: (tar, signal) => spoolTar(tar, deps.spoolDir, config.limits, signal),
    startUpload: (upload) => startUpload(run, upload, deps.stopping),
  });
  server.addHook('onClose', () => refusals.stop());
  return server;
}
