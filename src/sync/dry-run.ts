import { Failure, toFailure } from '#domain/failure.ts';
import { RunCancelled, cancelledBy } from '#domain/cancelled.ts';
import { redactFailure } from '#domain/redact-failure.ts';
import type { ObjectChange } from '#domain/content.ts';
import { describeChange } from '#import/diff/diff.ts';
import { readChanges } from '#import/diff/store.ts';
import { findNameConflicts } from '#import/plan/plan.ts';
import type { Stage } from '#import/stage/store.ts';
import { withStage } from '#import/stage/store.ts';
import { openLine } from '#import/store.ts';
import { summaryWords } from '#import/words.ts';
import { isPoisoned } from '#queue/turn.ts';
import { cancellationOf, refuseCancelled, watchForCancellation } from './cancellation.ts';
import { poisoned } from './poison.ts';
import { prepare } from './prepare.ts';
import type { RepositoryRow } from './remote-source.ts';
import type { OpenSource, RunDeps } from './run.ts';
import { BRANCH } from './run.ts';
import type { RunLog } from './run-log.ts';
import { openRunLog } from './run-log.ts';
import type { Steps } from './steps.ts';
import { openSteps } from './steps.ts';
import type { RunResult } from './store.ts';
import { endJobResult, startDryRun } from './store.ts';

/** Changes that a job result holds; the counts are always complete. */
const MOST_CHANGES = 5_000;

/** Computes what a sync would change and keeps it as the result of the run. Changes nothing else, and takes no turn: a sync may run beside it. */
export async function dryRun(
  deps: RunDeps,
  jobResultId: string,
  openSource: (repository: RepositoryRow) => OpenSource,
  worker: string,
  stopping: AbortSignal,
): Promise<void> {
  const started = await startDryRun(deps.database, jobResultId, worker);
  if (started === undefined) return;
  const { repository, job } = started;
  const steps = openSteps(deps, 'dry-run', { parent: job.traceparent, attributes: { repositoryId: repository.id, jobResultId } });
  const log = openRunLog(deps, jobResultId);
  const cancellation = watchForCancellation(deps.database, jobResultId, (error) =>
    deps.log.warn({ err: error, repositoryId: repository.id, jobResultId }, 'whether a dry run was cancelled could not be looked up'),
  );
  const signal = AbortSignal.any([stopping, cancellation.signal, AbortSignal.timeout(deps.syncTimeoutMs)]);
  try {
    await refuseCancelled(deps.database, job);
    if (isPoisoned({ jobResult: job })) throw poisoned();
    const result = await compute(deps, repository, openSource(repository), { log, steps }, signal);
    const failed = result.counts.errors > 0;
    const end = failed
      ? ({ status: 'FAILURE', failure: new Failure('CONTENT_INVALID', { message: result.summary }), result } as const)
      : ({ status: 'SUCCESS', result } as const);
    await log.flush();
    await deps.database.transaction((tx) => endJobResult(tx, jobResultId, end));
    steps.end(failed ? 'failure' : 'success', failed ? 'CONTENT_INVALID' : 'none');
  } catch (error) {
    const cancelled = cancellationOf(error, cancellation);
    // Cut off by a stop: the queue brings it back. Anything else ends here, since whoever asked is waiting for an answer.
    if (stopping.aborted && cancelled === undefined) {
      steps.end('cut-off', 'CANCELLED');
      throw error;
    }
    if (cancelled === undefined) await endFailed(deps, { log, steps }, repository.id, error);
    else await endCancelled(deps, { log, steps }, repository.id, cancelled);
  } finally {
    cancellation.stop();
  }
}

interface Told {
  readonly log: RunLog;
  readonly steps: Steps;
}

async function endFailed(deps: RunDeps, told: Told, repositoryId: string, error: unknown): Promise<void> {
  const { log, steps } = told;
  const { jobResultId } = log;
  const failure = redactFailure(toFailure(error), deps.redact);
  log.add({ level: 'error', grouping: 'sync', message: failure.message, code: failure.code, help: failure.help });
  await log.flush();
  try {
    await deps.database.transaction((tx) => endJobResult(tx, jobResultId, { status: 'FAILURE', failure }));
  } catch (met) {
    if (!(met instanceof RunCancelled)) throw met;
    await endCancelled(deps, told, repositoryId, met);
    return;
  }
  steps.end('failure', failure.code);
  deps.log.info({ err: failure.cause ?? failure, code: failure.code, repositoryId, jobResultId }, 'a dry run failed');
}

async function endCancelled(deps: RunDeps, { log, steps }: Told, repositoryId: string, { by }: RunCancelled): Promise<void> {
  const { jobResultId } = log;
  const failure = cancelledBy(by);
  log.add({ level: 'warning', grouping: 'sync', message: failure.message, code: failure.code });
  await log.flush();
  await deps.database.transaction((tx) => endJobResult(tx, jobResultId, { status: 'REVOKED', failure }));
  steps.end('cancelled', failure.code);
  deps.log.info({ repositoryId, jobResultId }, 'a dry run was cancelled');
}

async function compute(
  deps: RunDeps,
  repository: RepositoryRow,
  openSource: OpenSource,
  { log, steps }: Told,
  signal: AbortSignal,
): Promise<RunResult> {
  const line = await openLine(deps.database, { organizationId: repository.organization_id, repositoryId: repository.id, branch: BRANCH });
  const source = await steps.run('fetch', () => openSource(log, signal));
  return withStage(deps.database, { repositoryId: repository.id, line, signal }, async (stage) => {
    const { problems, counts, plan } = await prepare(deps, { repository, stage, source, force: false, log, steps, signal });
    const conflicts = await findNameConflicts(stage.session, stage);
    problems.add(conflicts);
    const all = { ...counts, errors: problems.errors };
    log.problems('import', problems.kept, problems.hidden);
    const summary = summaryWords(all, problems.kept);
    log.add({ level: 'info', grouping: 'import', message: `Importing ${source.commit} would come to: ${summary}. Nothing was changed.` });
    return {
      commit: source.commit,
      previous_commit: line.goodCommit ?? null,
      summary,
      counts: all,
      diff: await describeChanges(stage),
      diff_truncated: plan.added + plan.changed + plan.removed > MOST_CHANGES,
    };
  });
}

async function describeChanges(stage: Stage): Promise<readonly ObjectChange[]> {
  const described: ObjectChange[] = [];
  for await (const change of readChanges(stage, MOST_CHANGES)) described.push(describeChange(change));
  return described;
}
