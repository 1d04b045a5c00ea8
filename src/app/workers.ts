import { createDrain } from '#queue/drain.ts';
import type { Queue } from '#queue/boss.ts';
import { sweepTurns } from '#queue/sweep.ts';
import { removeWorker, showWorker } from '#queue/workers.ts';
import { cleanMirrors } from '#git/mirrors.ts';
import type { RouteDeps } from '#inbox/route.ts';
import { startRouter } from '#inbox/router.ts';
import { createPace } from '#poll/pace.ts';
import { startPoller } from '#poll/poller.ts';
import type { AppMeters } from '#observe/meters.ts';
import type { RetentionDeps } from '#retention/remove-old.ts';
import { removeOld } from '#retention/remove-old.ts';
import { removeTemporary } from '#retention/store.ts';
import { tidyMachine } from './tidy-machine.ts';
import { catchUp, startAudits } from './audits.ts';
import type { HandlerDeps } from './handlers.ts';
import { createAppRouting, startInstallationChecks } from './installations.ts';
import { createHandlers } from './handlers.ts';
import { createRemotes } from './remotes.ts';
import { startTokenChecks } from './token-checks.ts';

export interface WorkerDeps extends HandlerDeps {
  readonly queue: Queue;
  readonly pollIntervalMs: number;
  readonly version: string;
  readonly retention: RetentionDeps['retention'];
  readonly dataDir: string;
  readonly meters: AppMeters;
  readonly findReader: RouteDeps['findReader'];
}

/** How often killed and lost runs are looked for. With the lease, a killed sync goes on within 15 s. */
const SWEEP_EVERY_MS = 2_000;

/** Runs that go on without a job are told to end before this (app.ts). */
const SETTLE_WITHIN_MS = 24_000;

/** Starts all background work of a process: jobs, routing of deliveries, looks at remotes, and the sweep. Answers with what stops the taking of new work. */
export async function startWorkers(deps: WorkerDeps): Promise<() => Promise<void>> {
  const { database, git, log, tracing, meters, processName } = deps.run;
  const removed = await cleanMirrors(git);
  // The embedded database is this process's alone: whoever registered one has ended.
  if (database.embedded) await removeTemporary(database, 0);
  if (removed.length > 0) log.info({ removed: removed.length }, 'removed what killed processes left of mirrors');
  await catchUp(database);
  const { handlers, settled } = createHandlers(deps);
  await deps.queue.work(handlers, deps.concurrency);
  const apps = createAppRouting(deps.queue, deps.hooks.findProvider);
  const stopRouter = await startRouter({ database, queue: deps.queue, log, tracing, meters, findReader: deps.findReader, apps });
  const { openRemote, pauseGit } = createRemotes({ database, git, hooks: deps.hooks, checkUrl: deps.checkUrl, redact: deps.run.redact });
  const pace = createPace(deps.pollIntervalMs);
  const stopPoller = startPoller({ database, queue: deps.queue, git, log, pace, openRemote, pauseGit });
  const countQueued = async (): Promise<number> => (await deps.queue.counts()).find(({ name }) => name === 'sync-repository')?.queued ?? 0;
  const upkeep = async (): Promise<void> => {
    await showWorker(database, { name: processName, version: deps.version });
    await sweepTurns({ queue: deps.queue, database, countQueued });
  };
  const sweep = createDrain({ work: upkeep, sweepEveryMs: SWEEP_EVERY_MS, log });
  sweep.wake();
  const stopAudits = startAudits({ database, queue: deps.queue, log, links: deps.hooks.links });
  const { vault, findProvider, readTokenSource, openNetwork, through } = deps.hooks;
  const stopChecks = startTokenChecks(
    { database, queue: deps.queue, vault, findProvider, readTokenSource, openNetwork, through, log },
    deps.stopping,
  );
  const stopInstallations = startInstallationChecks({ database, queue: deps.queue, log });
  const stopTidying = startTidying(deps);
  return async () => {
    await sweep.stop();
    await stopAudits();
    await stopChecks();
    await stopInstallations();
    await stopTidying();
    await stopPoller();
    await stopRouter();
    await deps.queue.stopTaking();
    await settled(SETTLE_WITHIN_MS);
    await removeWorker(database, processName);
  };
}

/** How often it is looked whether anything is due. */
const RETENTION_LOOK_MS = 60_000;
const TIDY_EVERY_MS = 10 * 60_000;

/** Removes what is over from the database, in turn with other workers, and tidies this machine's data folder. */
function startTidying({ run, retention, dataDir, meters, stopping }: WorkerDeps): () => Promise<void> {
  const { database, git, log, processName } = run;
  const ending = new AbortController();
  const signal = AbortSignal.any([stopping, ending.signal]);
  const old = createDrain({
    work: () => removeOld({ database, log, processName, retention, removed: meters.removed }, signal),
    sweepEveryMs: RETENTION_LOOK_MS,
    log,
  });
  const tidy = createDrain({ work: () => tidyMachine({ database, git, dataDir, meters, log }), sweepEveryMs: TIDY_EVERY_MS, log });
  // Not at once: a start has enough to do, and what is over can wait.
  return async () => {
    ending.abort();
    await Promise.all([old.stop(), tidy.stop()]);
  };
}
