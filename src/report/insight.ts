import type { Logger } from 'pino';
import { isFailure } from '#domain/failure.ts';
import type { Insight } from '#domain/insight.ts';
import type { CommitStatus } from '#domain/status.ts';
import type { ForgeApi, RemoteRef } from '#providers/contract.ts';

export interface InsightDeps {
  readonly log: Logger;
  /** What a run found wrong with files, the worst first. */
  readonly listProblems: (jobResultId: string) => Promise<Pick<Insight, 'problems' | 'counts'>>;
}

export interface InsightPlace {
  readonly api: ForgeApi;
  readonly ref: RemoteRef;
  readonly commit: string;
  readonly jobResultId: string | null;
}

/**
 * Posts the places of problems beside a status that stands, where the provider shows such. Nothing is posted while a run is under way, so that
 * no report stays open, and what is there already is left. It comes second: whoever may not post it has the status all the same, and a
 * refusal is handed back for people to read, while what passes by itself is thrown for the queue to repeat.
 */
export async function postInsight(
  { log, listProblems }: InsightDeps,
  { api: { insights }, ref, commit, jobResultId }: InsightPlace,
  status: CommitStatus,
  signal: AbortSignal,
): Promise<string | undefined> {
  if (insights === undefined || jobResultId === null || status.state === 'pending') return undefined;
  try {
    await insights.put(ref, commit, { status, ...(await listProblems(jobResultId)) }, signal);
    return undefined;
  } catch (error) {
    if (!isFailure(error) || error.next !== 'never') throw error;
    log.warn({ err: error.cause ?? error, code: error.code, jobResultId, commit }, 'the places of problems cannot be posted');
    return `The status stands; the places of problems are not shown beside it. ${error.message} ${error.help}`;
  }
}
