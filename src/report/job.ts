import type { Selectable } from 'kysely';
import type { Logger } from 'pino';
import type { Database } from '#db/database.ts';
import type { Schema } from '#db/schema.ts';
import { Failure, toFailure } from '#domain/failure.ts';
import type { CommitStatus } from '#domain/status.ts';
import type { ForgeApi, RemoteRef } from '#providers/contract.ts';
import { reached } from '#steps/reached.ts';
import { claimReport, releaseReport } from './store.ts';

export interface ReportDeps {
  readonly database: Database;
  readonly log: Logger;
  /** The repository at its provider with the credential it is reached by; undefined where there is no API or no credential. */
  readonly openForge: (repositoryId: string) => Promise<{ readonly api: ForgeApi; readonly ref: RemoteRef } | undefined>;
}

/** How soon to look again while another sender has the report. */
const BUSY_MS = 1_000;

/**
 * Posts a report if what stands at the provider differs. Runs twice to the same end: it looks first, a version that was sent
 * is not sent again, and one sender at a time has a report, so an older state never lands on a newer one.
 * What a person must mend is kept with the report and not retried; everything else is the queue's.
 */
export async function sendReport(deps: ReportDeps, reportId: string, signal: AbortSignal): Promise<void> {
  for (;;) {
    const report = await claimReport(deps.database, reportId);
    if (report === undefined) return;
    if (report === 'busy') throw new Failure('RATE_LIMITED', { message: 'Another worker is posting this report.', retryAfterMs: BUSY_MS });
    reached('report.claimed');
    const problem = await post(deps, report, signal);
    reached('report.posted');
    const done = problem === undefined ? { version: report.version } : { version: report.version, problem };
    const isNewer = await releaseReport(deps.database, reportId, done);
    reached('report.recorded');
    if (!isNewer) return;
  }
}

/** Posts it, or answers why a person must act first. */
async function post(
  { database, log, openForge }: ReportDeps,
  report: Selectable<Schema['reports']>,
  signal: AbortSignal,
): Promise<string | undefined> {
  const status: CommitStatus = {
    context: report.context,
    state: report.state,
    description: report.description,
    targetUrl: report.target_url,
  };
  try {
    const forge = await openForge(report.repository_id);
    const statuses = forge?.api.statuses;
    if (forge === undefined || statuses === undefined)
      return 'No status is posted: the repository has no credential for an API with statuses.';
    const [newest] = await statuses.list(forge.ref, report.commit_id, report.context, signal);
    reached('report.looked');
    if (newest === undefined || !isSame(newest, status)) await statuses.write(forge.ref, report.commit_id, status, signal);
    return undefined;
  } catch (error) {
    const failure = toFailure(error);
    if (failure.next !== 'never') {
      await releaseReport(database, report.id);
      throw failure;
    }
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
    return `${failure.message} ${failure.help}`;
  }
}

/** A provider may have shortened the description; the part it kept is what can be compared. */
function isSame(there: CommitStatus, wanted: CommitStatus): boolean {
  const kept = there.description.replace(/…$/u, '');
  return (
    there.state === wanted.state &&
    there.targetUrl === wanted.targetUrl &&
    wanted.description.startsWith(kept) &&
    (kept !== '' || wanted.description === '')
  );
}
