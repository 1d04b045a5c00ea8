import type { Database } from '#db/database.ts';
import { Failure, isFailure, toFailure } from '#domain/failure.ts';
import type { Meters } from '#domain/meters.ts';
import type { Tracing } from '#domain/trace.ts';
import { traced } from '#domain/trace.ts';
import type { CommitStatus } from '#domain/status.ts';
import type { ForgeApi, RemoteRef } from '#providers/contract.ts';
import { reached } from '#steps/reached.ts';
import { toComment } from './comment.ts';
import type { InsightDeps } from './insight.ts';
import { postInsight } from './insight.ts';
import { chooseBoard } from './board.ts';
import type { ClaimedReport } from './store.ts';
import { SENDING_MS, claimReport, releaseReport, renewClaim } from './store.ts';

export interface ReportDeps extends InsightDeps {
  readonly database: Database;
  readonly tracing: Tracing;
  readonly meters: Pick<Meters, 'reported' | 'stage'>;
  /** The repository at its provider with the credential it is reached by; undefined where there is no API or no credential. */
  readonly openForge: (repositoryId: string) => Promise<{ readonly api: ForgeApi; readonly ref: RemoteRef } | undefined>;
  /** Says in the log of a run why its status is not posted. */
  readonly tell: (jobResultId: string, problem: string) => Promise<void>;
  /** Looks for a repository that is not at its address any more; keeps the new one where there is one, and says so in the run's log. */
  readonly relocate: (
    lost: { readonly repositoryId: string; readonly jobResultId: string | null },
    signal: AbortSignal,
  ) => Promise<unknown>;
}

const NO_API = 'No status is posted: the repository has no credential for an API with statuses.';

/** How soon to look again while another sender has the report. */
const BUSY_MS = 1_000;

/** A write that takes longer may land after another sender's. */
const WRITE_WITHIN_MS = SENDING_MS - 2_000;

/**
 * Posts a report if what stands at the provider differs. Runs twice to the same end: it looks first unless nobody ever tried, a version that was sent
 * is not sent again, and one sender at a time has a report, so an older state never lands on a newer one. No provider can refuse
 * the write of a sender that stood still meanwhile, so it asks whether it still has the report right before, and one that finds
 * that it lost it right after has the report looked at once more.
 * What a person must mend is kept with the report and not retried; everything else is the queue's.
 */
export async function sendReport(deps: ReportDeps, reportId: string, signal: AbortSignal): Promise<void> {
  for (;;) {
    const claimed = await claimReport(deps.database, reportId);
    if (claimed === undefined) return;
    if (claimed === 'busy') throw busy();
    reached('report.claimed');
    const { held, problem } = await postTraced(deps, claimed, signal);
    reached('report.posted');
    const { version } = held.report;
    await tellRun(deps, held, problem);
    const outcome = await releaseReport(deps.database, held, problem === undefined ? { version } : { version, problem });
    reached('report.recorded');
    if (outcome === 'lost') throw busy();
    if (outcome === 'done') return;
  }
}

/** Where no status can be expected none is missed; and what is said of a run under way is said again at its end. */
async function tellRun({ tell }: ReportDeps, { report }: ClaimedReport, problem: string | undefined): Promise<void> {
  if (problem === undefined || problem === NO_API || report.job_result_id === null || report.state === 'pending') return;
  await tell(report.job_result_id, problem);
}

function busy(): Failure {
  return new Failure('RATE_LIMITED', { message: 'Another worker is posting this report.', retryAfterMs: BUSY_MS });
}

interface Posted {
  /** The claim as it is then. */
  readonly held: ClaimedReport;
  readonly problem?: string;
}

async function postTraced(deps: ReportDeps, claimed: ClaimedReport, signal: AbortSignal): Promise<Posted> {
  const from = performance.now();
  const { report } = claimed;
  const attributes = {
    reportId: report.id,
    repositoryId: report.repository_id,
    state: report.state,
    ...(report.job_result_id === null ? {} : { jobResultId: report.job_result_id }),
  };
  try {
    return await traced(deps.tracing, 'report', { parent: report.traceparent, attributes }, () => post(deps, claimed, signal));
  } finally {
    deps.meters.stage('report', (performance.now() - from) / 1_000);
  }
}

/** Posts it, or answers why a person must act first. */
async function post(deps: ReportDeps, claimed: ClaimedReport, signal: AbortSignal): Promise<Posted> {
  const { database, log, meters } = deps;
  const claim = { held: claimed };
  try {
    const problem = await postWhereItIs(deps, claim, signal);
    return problem === undefined ? { held: claim.held } : { held: claim.held, problem };
  } catch (error) {
    const failure = toFailure(error);
    meters.reported(failure.next === 'never' ? 'refused' : 'failed');
    if (failure.next !== 'never') {
      await releaseReport(database, claim.held);
      throw failure;
    }
    const { report } = claimed;
    log.warn(
      {
        err: failure.cause ?? failure,
        code: failure.code,
        reportId: report.id,
        repositoryId: report.repository_id,
        jobResultId: report.job_result_id,
        commit: report.commit_id,
      },
      'a status cannot be posted',
    );
    return { held: claim.held, problem: `${failure.message} ${failure.help}` };
  }
}

/** A repository may be renamed between its import and its status, and where Git answers to old names nobody else finds out. */
async function postWhereItIs(deps: ReportDeps, claim: Claim, signal: AbortSignal): Promise<string | undefined> {
  try {
    return await postOnce(deps, claim, signal);
  } catch (error) {
    if (!isFailure(error) || error.code !== 'REPO_MOVED') throw error;
    const { repository_id: repositoryId, job_result_id: jobResultId } = claim.held.report;
    await deps.relocate({ repositoryId, jobResultId }, signal);
    return postOnce(deps, claim, signal);
  }
}

/** A claim that is renewed on the way. */
interface Claim {
  held: ClaimedReport;
}

/** The problem that keeps it from being posted at all; undefined when it stands at the provider. */
async function postOnce(deps: ReportDeps, claim: Claim, signal: AbortSignal): Promise<string | undefined> {
  const { report } = claim.held;
  const status: CommitStatus = {
    context: report.context,
    state: report.state,
    description: report.description,
    targetUrl: report.target_url,
  };
  const forge = await deps.openForge(report.repository_id);
  if (forge?.api.statuses === undefined) return NO_API;
  const problem = await postStatus(deps, claim, forge, status, signal);
  if (problem !== undefined) return problem;
  const { commit_id: commit, job_result_id: jobResultId } = report;
  return postInsight(deps, { ...forge, commit, jobResultId }, status, AbortSignal.any([signal, AbortSignal.timeout(WRITE_WITHIN_MS)]));
}

type OpenedForge = NonNullable<Awaited<ReturnType<ReportDeps['openForge']>>>;

async function postStatus(
  { database, meters, listProblems }: ReportDeps,
  claim: Claim,
  forge: OpenedForge,
  status: CommitStatus,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { report, isFirst } = claim.held;
  const { job_result_id: jobResultId } = report;
  const problems = async () => (jobResultId === null ? [] : (await listProblems(jobResultId)).problems);
  const statuses = chooseBoard(forge.api, problems);
  if (statuses === undefined) return NO_API;
  const place = { commit: report.commit_id, ref: report.ref ?? undefined };
  // One question less of a limited number for most commits: only what somebody tried to post may stand there already.
  const [newest] = isFirst ? [] : await statuses.list(forge.ref, place, report.context, signal);
  reached('report.looked');
  if (newest !== undefined && isSame(newest, statuses.shown(status))) {
    meters.reported('unchanged');
    return undefined;
  }
  const renewed = await renewClaim(database, claim.held);
  if (renewed === undefined) throw busy();
  claim.held = renewed;
  const limited = AbortSignal.any([signal, AbortSignal.timeout(WRITE_WITHIN_MS)]);
  try {
    await statuses.write(forge.ref, place, status, limited);
  } catch (error) {
    const { comments } = forge.api;
    if (!isFailure(error) || error.code !== 'PERM_MISSING' || comments === undefined) throw error;
    return commentInstead(meters, error, status, (comment) => comments.put(forge.ref, report.commit_id, comment, limited));
  }
  meters.reported('posted');
  return undefined;
}

/** What is still under way is not worth a comment that people are told of. */
async function commentInstead(
  meters: ReportDeps['meters'],
  refused: Failure,
  status: CommitStatus,
  put: (comment: { readonly key: string; readonly text: string }) => Promise<'posted' | 'unchanged'>,
): Promise<string> {
  const why = `${refused.message} ${refused.help}`;
  if (status.state === 'pending') return `${why} Its end will be a comment on the commit.`;
  const outcome = await put({ key: status.context, text: toComment(status) });
  meters.reported(outcome === 'posted' ? 'commented' : 'unchanged');
  return `${why} It was posted as a comment on the commit.`;
}

function isSame(there: CommitStatus, wanted: CommitStatus): boolean {
  return there.state === wanted.state && there.targetUrl === wanted.targetUrl && there.description === wanted.description;
}
