import type { Logger } from 'pino';
import { transactionAgain } from '#db/again.ts';
import type { Database, Tx } from '#db/database.ts';
import type { RunCancelled } from '#domain/cancelled.ts';
import { cancelledBy } from '#domain/cancelled.ts';
import type { Failure } from '#domain/failure.ts';
import type { FailureCode } from '#domain/failure-codes.ts';
import type { CommitId } from '#domain/words.ts';
import { applyPlan } from '#import/apply/apply.ts';
import { measureContent } from '#import/apply/store.ts';
import { listChanges } from '#import/diff/store.ts';
import { changesNothing } from '#import/plan/plan.ts';
import type { Line } from '#import/store.ts';
import { summaryWords } from '#import/words.ts';
import type { JobSender } from '#queue/queue.ts';
import { retryAfterMs } from '#queue/run.ts';
import type { Turn } from '#queue/turn.ts';
import { endTurn, holdTurn } from '#queue/turn.ts';
import { closePending } from '#report/store.ts';
import { reached } from '#steps/reached.ts';
import type { ImportCheck } from './checks.ts';
import type { Prepared } from './prepare.ts';
import type { RunResult } from './store.ts';
import { endJobResult, markCancelled, markFailed, markInSync, setCurrentHead } from './store.ts';

export interface FinishDeps {
  readonly database: Database;
  readonly queue: JobSender;
}

/** Objects that the result of a sync names; a first import may add a hundred thousand. */
const MOST_NAMED = 100;

/** Applies the plan and ends the run: content, line, head, report, job result and turn change together or not at all. */
export async function succeed(
  deps: Pick<FinishDeps, 'queue'> & { readonly log: Logger },
  turn: Turn,
  commit: CommitId,
  prepared: Prepared,
  check: ImportCheck,
): Promise<void> {
  const { stage, plan, counts, settings } = prepared;
  const { line } = stage;
  const summary = summaryWords(counts, prepared.problems.kept);
  const isSame = changesNothing(plan);
  const changes = isSame ? [] : await listChanges(stage, MOST_NAMED);
  const result: RunResult = { commit, previous_commit: line.goodCommit ?? null, summary, counts, changes };
  await stage.session.transaction(async (tx) => {
    if (isSame) await markInSync(tx, line.id, commit, settings);
    else {
      const { organization_id: organizationId } = turn.repository;
      await applyPlan(tx, stage, { organizationId, commit, fence: turn.fence, jobResultId: turn.jobResult.id, settings, counts });
    }
    reached('sync.applied');
    await endWell(deps, tx, turn, result, check, isSame && line.goodCommit === commit);
  });
  reached('sync.committed');
  if (plan.added + plan.changed < MANY) return;
  // Nothing is lost by one that fails: what was imported is served, and the database measures by itself within minutes.
  await measureContent(stage).catch((error: unknown) =>
    deps.log.warn(
      { err: error, repositoryId: turn.repository.id },
      'imported content could not be analyzed; imports may be slower for a while',
    ),
  );
}

/** From here on an import changes what the database should think of its tables. */
const MANY = 1_000;

const NO_CHANGES = { added: 0, changed: 0, removed: 0, unchanged: 0, errors: 0, warnings: 0, files: 0 };

/** Ends a run that found its commit served already: the same end, without a stage. */
export async function succeedAsServed(deps: FinishDeps, turn: Turn, line: Line, settings: string, check: ImportCheck): Promise<void> {
  const commit = line.goodCommit ?? '';
  const result: RunResult = { commit, previous_commit: commit, summary: summaryWords(NO_CHANGES, []), counts: NO_CHANGES, changes: [] };
  await transactionAgain(deps.database, async (tx) => {
    await holdTurn(tx, turn);
    await markInSync(tx, line.id, commit, settings);
    await endWell(deps, tx, turn, result, check, true);
  });
}

async function endWell(
  { queue }: Pick<FinishDeps, 'queue'>,
  tx: Tx,
  turn: Turn,
  result: RunResult,
  check: ImportCheck,
  keepWords: boolean,
): Promise<void> {
  await setCurrentHead(tx, turn.repository.id, result.commit);
  await check.close(tx, 'success', result.summary, keepWords);
  await closePending(queue, tx, turn.repository.id, result.commit, 'A newer commit was imported instead');
  reached('sync.reported');
  await endJobResult(tx, turn.jobResult.id, { status: 'SUCCESS', result });
  await endTurn(queue, tx, turn);
  reached('sync.committing');
}

/** What the author of the commit can mend. */
const ABOUT_CONTENT: ReadonlySet<FailureCode> = new Set(['CONTENT_INVALID', 'FOLDER_NOT_FOUND', 'OWNER_CONFLICT']);

/** Troubles of this installation that a repetition ends: who looks at the commit is told how that one ended, not that there was one. */
const OURS: ReadonlySet<FailureCode> = new Set(['INTERNAL', 'DATABASE_CONFLICT', 'DATABASE_UNAVAILABLE']);

export interface FailedRun {
  readonly line: Line | undefined;
  readonly commit: CommitId | undefined;
  readonly prepared: Prepared | undefined;
}

/** Ends a run that failed; what is served is not touched. Whether and when it runs again follows from the failure's kind alone. */
export async function fail(deps: FinishDeps, turn: Turn, run: FailedRun, failure: Failure, check: ImportCheck): Promise<void> {
  const again = retryAfterMs(failure, turn.repository.failures);
  const retry = again === undefined ? undefined : { afterMs: again, isCounted: failure.next === 'again' };
  const result =
    run.prepared === undefined || run.commit === undefined
      ? undefined
      : { commit: run.commit, previous_commit: run.line?.goodCommit ?? null, summary: failure.message, counts: run.prepared.counts };
  await transactionAgain(deps.database, async (tx) => {
    await holdTurn(tx, turn);
    await markFailed(tx, { repositoryId: turn.repository.id, lineId: run.line?.id, commit: run.commit }, failure);
    const state = ABOUT_CONTENT.has(failure.code) ? 'failure' : 'error';
    if (retry === undefined || !OURS.has(failure.code)) await check.close(tx, state, failure.message);
    await closePending(deps.queue, tx, turn.repository.id, run.commit, 'The import did not reach this commit');
    await endJobResult(tx, turn.jobResult.id, { status: 'FAILURE', failure, result });
    await endTurn(deps.queue, tx, turn, retry);
    reached('sync.failing');
  });
  reached('sync.failed');
}

/**
 * Ends a run that was cancelled: what is served is not touched, nothing is repeated or counted as a failure, and what was asked for meanwhile
 * runs next. A check that was opened is closed; none is made for it.
 */
export async function revoke(deps: FinishDeps, turn: Turn, { by }: RunCancelled): Promise<void> {
  const failure = cancelledBy(by);
  await transactionAgain(deps.database, async (tx) => {
    await holdTurn(tx, turn);
    await markCancelled(tx, turn.repository.id, failure);
    await closePending(deps.queue, tx, turn.repository.id, undefined, `Cancelled by ${by}`);
    await endJobResult(tx, turn.jobResult.id, { status: 'REVOKED', failure });
    await endTurn(deps.queue, tx, turn);
  });
}
