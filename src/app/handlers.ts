import { refreshInstallation } from '#apps/installations/refresh.ts';
import { removeMirror } from '#git/mirrors.ts';
import { auditHook } from '#hooks/audit.ts';
import type { HookDeps } from '#hooks/hook.ts';
import { forgetRepository, registerHook } from '#hooks/register.ts';
import { runRepairs } from '#hooks/repairs/run.ts';
import type { JobHandlers } from '#queue/boss.ts';
import type { Turn } from '#queue/turn.ts';
import type { DeliverDeps } from '#notify/deliver.ts';
import { deliverNotification } from '#notify/deliver.ts';
import { openForge } from '#repositories/open.ts';
import type { RelocateDeps } from '#repositories/relocate.ts';
import { sendReport } from '#report/job.ts';
import { listProblems } from '#runs/problems/store.ts';
import { dryRun } from '#sync/dry-run.ts';
import type { RepositoryRow } from '#sync/remote-source.ts';
import { openRemoteSource } from '#sync/remote-source.ts';
import { addLogLine } from '#sync/run-log.ts';
import type { UploadDeps } from '#sync/upload.ts';
import { runTurn } from '#sync/run.ts';
import { createRemotes } from './remotes.ts';
import type { SyncJob } from './sync-job.ts';
import { createSyncJob } from './sync-job.ts';
import { reached } from '#steps/reached.ts';

/** What the handlers need beyond their rooms' own dependencies. */
export interface HandlerDeps {
  readonly run: UploadDeps;
  readonly hooks: HookDeps;
  readonly deliver: DeliverDeps;
  readonly checkUrl: RelocateDeps['checkUrl'];
  /** Aborts when the process has to stop and its time to finish is over. */
  readonly stopping: AbortSignal;
  /** Jobs of each kind that are done at once. */
  readonly concurrency: number;
}

export interface Handlers {
  readonly handlers: JobHandlers;
  /** Waits for syncs that go on after their job, for at most so long. */
  readonly settled: SyncJob['settled'];
}

/** Every job's one handler. A job that has none does not compile. */
export function createHandlers({ run, hooks, deliver, checkUrl, stopping, concurrency }: HandlerDeps): Handlers {
  const { database, git, log, queue, tracing, meters, processName } = run;
  const source = createRemotes({ database, git, hooks, checkUrl, redact: run.redact });
  const remoteSource = (repository: RepositoryRow) => openRemoteSource(source, repository, false);
  const until = (signal: AbortSignal): AbortSignal => AbortSignal.any([signal, stopping]);
  const syncJob = createSyncJob({
    database,
    queue,
    log,
    processName,
    places: concurrency,
    runTurn: (turn, awaitRemote) => {
      const open = openRemoteSource(source, turn.repository, expectsChange(turn));
      // Not until the job's own signal: that says that the job is over, which the run may outlive.
      return runTurn(run, turn, (runLog, signal) => awaitRemote(() => open(runLog, signal)), stopping);
    },
  });
  const handlers: JobHandlers = {
    'sync-repository': syncJob.handle,
    'dry-run-repository': ({ jobResultId }, signal) => dryRun(run, jobResultId, remoteSource, processName, until(signal)),
    'register-hook': (payload, signal) => registerHook(hooks, payload, until(signal)),
    'audit-deliveries': (payload, signal) => auditHook({ ...hooks, log, now: () => new Date() }, payload, until(signal)),
    'repair-hooks': (payload, signal) => runRepairs(hooks, payload, until(signal)),
    'forget-repository': async (payload, signal) => {
      await removeMirror(git, payload.repositoryId, until(signal));
      reached('forget.mirror-removed');
      await forgetRepository(hooks, payload, until(signal));
    },
    'refresh-installation': (payload, signal) =>
      refreshInstallation({ ...hooks, queue, fetch: hooks.through(undefined) }, payload, until(signal)),
    'send-report': ({ reportId }, signal) =>
      sendReport(
        {
          database,
          log,
          tracing,
          meters,
          openForge: (id) => openForge(hooks, id),
          listProblems: (jobResultId) => listProblems(database, jobResultId),
          relocate: source.relocate,
          tell: (jobResultId, message) =>
            database.transaction((tx) => addLogLine(tx, run.redact, jobResultId, { level: 'warning', grouping: 'report', message })),
        },
        reportId,
        until(signal),
      ),
    'send-notification': ({ notificationId }, signal) => deliverNotification(deliver, notificationId, until(signal)),
  };
  return { handlers, settled: syncJob.settled };
}

/** Somebody saw one, or there is nothing here to compare with. */
function expectsChange({ jobResult }: Turn): boolean {
  return jobResult.reason === 'webhook' || jobResult.reason === 'poll' || jobResult.reason === 'registered';
}
