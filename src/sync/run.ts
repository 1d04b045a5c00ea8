import type { Logger } from 'pino';
import type { Database } from '#db/database.ts';
import { RunCancelled } from '#domain/cancelled.ts';
import { Failure, toFailure } from '#domain/failure.ts';
import { redactFailure } from '#domain/redact-failure.ts';
import type { Redactor } from '#domain/redact.ts';
import type { CommitId } from '#domain/words.ts';
import type { ContentSource } from '#git/source.ts';
import { NamesTaken } from '#import/apply/apply.ts';
import type { Stage } from '#import/stage/store.ts';
import { withStage } from '#import/stage/store.ts';
import type { Line } from '#import/store.ts';
import { openLine } from '#import/store.ts';
import { summaryWords } from '#import/words.ts';
import type { Turn } from '#queue/turn.ts';
import { RENEW_EVERY_MS, forgiveStart, isPoisoned, releaseTurn, renewTurn } from '#queue/turn.ts';
import { reached } from '#steps/reached.ts';
import { cancellationOf, refuseCancelled, watchForCancellation } from './cancellation.ts';
import type { CheckDeps, ImportCheck } from './checks.ts';
import { openImportCheck } from './checks.ts';
import { fail, revoke, succeed, succeedAsServed } from './finish.ts';
import type { ParseDeps } from './stage-files.ts';
import type { Prepared } from './prepare.ts';
import { poisoned } from './poison.ts';
import { prepare, settingsOf } from './prepare.ts';
import type { RunLog } from './run-log.ts';
import { openRunLog } from './run-log.ts';
import type { StepDeps, Steps } from './steps.ts';
import { openSteps } from './steps.ts';
import { startLine } from './store.ts';

export interface RunDeps extends ParseDeps, CheckDeps, StepDeps {
  readonly database: Database;
  readonly log: Logger;
  readonly syncTimeoutMs: number;
  /** Masks secrets in what a run says of itself. */
  readonly redact: Redactor;
}

/** Where a run gets its content: brings the remote here and chooses the commit. */
export type OpenSource = (log: RunLog, signal: AbortSignal) => Promise<ContentSource>;

/** The branch that a read-only repository's content lives on; others come with branches. */
export const BRANCH = 'main';

/** Plans that a run makes before it leaves a conflict to a later one. */
const MOST_PLANS = 5;

/** A run that takes so many times its limit does not heed its signal. */
const OVERDUE_TIMES = 2;

/** The state that a run gathers on its way; what was known when it failed says what its end may claim. */
interface Run {
  readonly turn: Turn;
  readonly check: ImportCheck;
  readonly log: RunLog;
  readonly steps: Steps;
  readonly signal: AbortSignal;
  line?: Line;
  commit?: CommitId;
  prepared?: Prepared;
}

/**
 * Runs one turn to its end. The steps, in order, each of which throws a Failure or goes on:
 * line     finds what is served now
 * source   brings the commit here; says whether the remote can be reached
 * start    marks the line as syncing, opens the check
 * prepare  reads, parses and plans; logs every problem
 * succeed  applies everything in one transaction with the end of the turn; `fail` ends it otherwise, `revoke` when somebody cancelled it
 * Never throws for what a run may meet; a lost turn or a stopping process leaves the repository to whoever takes it up next.
 */
export async function runTurn(deps: RunDeps, turn: Turn, openSource: OpenSource, stopping: AbortSignal): Promise<void> {
  const lost = new AbortController();
  const timeout = AbortSignal.timeout(deps.syncTimeoutMs);
  const renewing = setInterval(() => void renew(deps, turn, lost), RENEW_EVERY_MS);
  // What ignores its signal cannot be ended from here, and keeps its turn: two runs at once would be worse than none.
  const overdue = setTimeout(() => warnOfOverdue(deps, turn), deps.syncTimeoutMs * OVERDUE_TIMES);
  const log = openRunLog(deps, turn.jobResult.id);
  const ids = { repositoryId: turn.repository.id, jobResultId: turn.jobResult.id };
  const cancellation = watchForCancellation(deps.database, turn.jobResult.id, (error) =>
    deps.log.warn({ err: error, ...ids }, 'whether a run was cancelled could not be looked up'),
  );
  const steps = openSteps(deps, 'sync', { parent: turn.jobResult.traceparent, attributes: { ...ids, reason: turn.jobResult.reason } });
  const check = openImportCheck(deps, turn, steps.traceparent, (error) =>
    deps.log.warn({ err: error, ...ids }, 'a pending status could not be asked for'),
  );
  const run: Run = { turn, check, log, steps, signal: AbortSignal.any([lost.signal, stopping, cancellation.signal, timeout]) };
  try {
    await attempt(deps, run, openSource);
    steps.end('success', 'none');
    deps.log.info({ ...ids, commit: run.commit }, 'a sync succeeded');
  } catch (error) {
    const cancelled = cancellationOf(error, cancellation);
    if (lost.signal.aborted || (stopping.aborted && cancelled === undefined)) {
      steps.end('cut-off', 'CANCELLED');
      await letGo(deps, turn, stopping);
      deps.log.info(ids, 'a run was cut off; it is taken up again');
      return;
    }
    if (cancelled !== undefined) {
      steps.end('cancelled', 'CANCELLED');
      await endCancelled(deps, run, cancelled);
      return;
    }
    const failure = redactFailure(timeout.aborted ? timedOut(deps.syncTimeoutMs, error) : classify(error, run), deps.redact);
    steps.end('failure', failure.code);
    await end(deps, run, failure);
  } finally {
    clearInterval(renewing);
    clearTimeout(overdue);
    cancellation.stop();
    check.stop();
    await log.flush();
  }
}

function warnOfOverdue({ log, syncTimeoutMs }: RunDeps, turn: Turn): void {
  const ids = { repositoryId: turn.repository.id, jobResultId: turn.jobResult.id };
  log.warn(
    { ...ids, syncTimeoutMs },
    'a run does not end though its time is over; the repository is kept from others until this process ends',
  );
}

async function attempt(deps: RunDeps, run: Run, openSource: OpenSource): Promise<void> {
  const { log, check, steps, signal } = run;
  const { repository, jobResult } = run.turn;
  const line = await openLineOf(deps, run);
  await refuseCancelled(deps.database, jobResult);
  refusePoison(run);
  reached('sync.line-opened');
  const source = await steps.run('fetch', () => openSource(log, signal));
  reached('sync.content-here');
  run.commit = source.commit;
  await startLine(deps.database, line.id, jobResult.id, source.commit);
  reached('sync.started');
  check.open(source.commit);
  log.add({ level: 'info', grouping: 'git', message: `The commit to import is ${source.commit}.` });
  const settings = settingsOf(repository);
  if (!jobResult.force && line.goodCommit === source.commit && line.goodSettings === settings) {
    log.add({ level: 'success', grouping: 'import', message: `${source.commit} is served already: nothing changed.` });
    await log.flush();
    await succeedAsServed(deps, run.turn, line, settings, check);
    return;
  }
  for (let tries = 1; ; tries++) {
    const now = tries === 1 ? line : await openLineOf(deps, run);
    try {
      await withStage(deps.database, { repositoryId: repository.id, line: now, signal }, (stage) =>
        importStaged(deps, run, source, stage, tries),
      );
      return;
    } catch (error) {
      if (toFailure(error).retryClass !== 'conflict' || tries >= MOST_PLANS) throw error;
      log.add({ level: 'info', grouping: 'import', message: 'Another change came first; planning anew from what is there now.' });
    }
  }
}

/** From what is served now to the end of the run. Changes nothing unless all of it succeeds. */
async function importStaged(deps: RunDeps, run: Run, source: ContentSource, stage: Stage, tries: number): Promise<void> {
  const { turn, log, steps, signal } = run;
  run.prepared = await prepare(deps, { repository: turn.repository, stage, source, force: turn.jobResult.force, log, steps, signal });
  reached('sync.planned');
  const { problems, counts } = run.prepared;
  const summary = summaryWords(counts, problems.kept);
  // What is wrong with the files is the same in every plan.
  if (tries === 1) log.problems('import', problems.kept, problems.hidden);
  if (counts.errors > 0) throw new Failure('CONTENT_INVALID', { message: summary });
  log.add({ level: 'success', grouping: 'import', message: `Imported ${source.commit}: ${summary}.` });
  log.progress({ stage: 'write', done: 0, total: counts.added + counts.changed + counts.removed });
  await log.flush();
  // From here on nothing heeds the signal. The transaction would find out at its end, after all its work.
  if (signal.reason instanceof RunCancelled) throw signal.reason;
  const { prepared, check } = run;
  await steps.run('apply', () => succeed(deps, turn, source.commit, prepared, check));
}

async function openLineOf(deps: RunDeps, run: Run): Promise<Line> {
  const { organization_id: organizationId, id: repositoryId } = run.turn.repository;
  run.line = await openLine(deps.database, { organizationId, repositoryId, branch: BRANCH });
  return run.line;
}

/** On the commit that it was about, where that is known. */
function refusePoison(run: Run): void {
  if (!isPoisoned(run.turn)) return;
  const { commit_id: commit } = run.turn.jobResult;
  if (commit !== null) {
    run.commit = commit;
    run.check.open(commit);
  }
  throw poisoned();
}

/** A turn that this process cannot finish; that it was begun is not held against the run, whose process lives. */
async function letGo(deps: RunDeps, turn: Turn, stopping: AbortSignal): Promise<void> {
  try {
    await (stopping.aborted ? releaseTurn(deps.database, turn) : forgiveStart(deps.database, turn));
  } catch (error) {
    // The lease runs out by itself.
    deps.log.warn({ err: error, repositoryId: turn.repository.id, jobResultId: turn.jobResult.id }, 'a turn could not be let go of');
  }
}

async function end(deps: RunDeps, run: Run, failure: Failure): Promise<void> {
  const { turn, log } = run;
  const cause = failure.cause ?? failure;
  deps.log[failure.next === 'never' ? 'info' : 'warn'](
    { err: cause, code: failure.code, repositoryId: turn.repository.id, jobResultId: turn.jobResult.id },
    'a sync failed',
  );
  log.add({ level: 'error', grouping: 'sync', message: failure.message, code: failure.code, help: failure.help });
  sayWhatStays(run);
  await log.flush();
  try {
    await fail(deps, turn, { line: run.line, commit: run.commit, prepared: run.prepared }, failure, run.check);
  } catch (error) {
    if (error instanceof RunCancelled) {
      await endCancelled(deps, run, error);
      return;
    }
    // The turn was lost, or the database is away: the lease runs out and the sweep hands the repository on.
    deps.log.warn(
      { err: error, repositoryId: turn.repository.id, jobResultId: turn.jobResult.id },
      'the end of a failed run could not be recorded',
    );
  }
}

async function endCancelled(deps: RunDeps, run: Run, cancelled: RunCancelled): Promise<void> {
  const { turn, log } = run;
  const ids = { repositoryId: turn.repository.id, jobResultId: turn.jobResult.id };
  log.add({ level: 'warning', grouping: 'sync', message: `Cancelled by ${cancelled.by}.`, code: 'CANCELLED' });
  sayWhatStays(run);
  await log.flush();
  try {
    await revoke(deps, turn, cancelled);
    deps.log.info(ids, 'a run was cancelled');
  } catch (error) {
    // As with a failed one. Whoever takes the run up finds it cancelled.
    deps.log.warn({ err: error, ...ids }, 'the end of a cancelled run could not be recorded');
  }
}

function sayWhatStays({ line, log }: Run): void {
  if (line?.goodCommit === undefined) return;
  log.add({ level: 'info', grouping: 'sync', message: `Nothing was changed; commit ${line.goodCommit} stays served.` });
}

function classify(error: unknown, run: Run): Failure {
  if (!(error instanceof NamesTaken)) return toFailure(error);
  run.log.problems('import', error.problems);
  const [first] = error.problems;
  const more = error.problems.length - 1;
  return new Failure('OWNER_CONFLICT', { message: `${first?.message ?? ''}${more > 0 ? ` And ${more} more.` : ''}` });
}

function timedOut(ms: number, cause: unknown): Failure {
  return new Failure('CLONE_TIMEOUT', { message: `The sync took longer than ${Math.round(ms / 1_000)} s and was ended.`, cause });
}

async function renew(deps: RunDeps, turn: Turn, lost: AbortController): Promise<void> {
  try {
    if (!(await renewTurn(deps.database, turn))) lost.abort(new Failure('SUPERSEDED', { message: 'Another run took over.' }));
  } catch (error) {
    // The database may be back before the lease is up; if not, the fence keeps a late write out.
    deps.log.warn({ err: error, repositoryId: turn.repository.id, jobResultId: turn.jobResult.id }, 'a turn could not be renewed');
  }
}
