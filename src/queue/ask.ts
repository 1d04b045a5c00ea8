import type { Tx } from '#db/database.ts';
import { databaseNow, databaseTimeIn } from '#db/time.ts';
import { Failure } from '#domain/failure.ts';
import type { Standing } from './ask-plan.ts';
import { planAsk } from './ask-plan.ts';
import type { JobSender } from './queue.ts';
import { sendSync } from './send-sync.ts';
import type { RunReason } from './turn-row.ts';
import { addJobResult, calmOf, lockRow } from './turn-row.ts';

export interface Ask {
  readonly repositoryId: string;
  readonly reason: Exclude<RunReason, 'retry'>;
  /** How many pushes this ask stands for; 1 unless given. */
  readonly pushes?: number | undefined;
  readonly userId?: string | undefined;
  readonly force?: boolean | undefined;
  /** The asker claims the turn itself: what is to be imported is on this machine only, so no job is sent. */
  readonly here?: boolean | undefined;
  /** Trace that the run belongs to. */
  readonly traceparent?: string | null | undefined;
}

/**
 * Asks for a sync in the caller's transaction, under the row's lock. Joins the run that is queued; while one runs, a new
 * one is queued behind it. What only webhooks ask for keeps its distance from their last run (calm.ts). Never lost: the next holder reads
 * `wanted` under the same lock.
 */
export async function askForSync(queue: JobSender, tx: Tx, ask: Ask): Promise<{ readonly jobResultId: string; readonly joined: boolean }> {
  const row = await lockRow(tx, ask.repositoryId);
  if (row === undefined) throw new Failure('REPOSITORY_GONE', { message: 'The repository was deleted.' });
  const joined = row.pending_job_result_id !== null;
  const jobResultId = row.pending_job_result_id ?? (await addJobResult(tx, row, ask));
  if (joined && ask.force === true) await tx.kysely.updateTable('job_results').set({ force: true }).where('id', '=', jobResultId).execute();
  const { waitMs, send, isPendingCalm } = planAsk(standingOf(row), ask.reason);
  await tx.kysely
    .updateTable('repositories')
    .set({
      wanted: row.wanted + (ask.pushes ?? 1),
      wanted_since: row.wanted_since ?? databaseNow(),
      pending_job_result_id: jobResultId,
      pending_calm: isPendingCalm,
      ...(waitMs === undefined ? {} : { not_before: waitMs > 0 ? databaseTimeIn(waitMs) : null }),
      ...(send ? { job_sent_at: databaseNow() } : {}),
    })
    .where('id', '=', ask.repositoryId)
    .execute();
  if (send && ask.here !== true) await sendSync(queue, tx, row, waitMs);
  return { jobResultId, joined };
}

function standingOf(row: NonNullable<Awaited<ReturnType<typeof lockRow>>>): Standing {
  return {
    isUnderWay: row.running_until !== null,
    isPending: row.pending_job_result_id !== null,
    isPendingCalm: row.pending_calm,
    waitsMs: row.due_for_ms === null ? undefined : -row.due_for_ms,
    calm: calmOf(row),
  };
}

/** Asks for a dry run: computed beside any sync, never coalesced with one, applied never. */
export async function askForDryRun(
  queue: JobSender,
  tx: Tx,
  ask: Pick<Ask, 'repositoryId' | 'userId' | 'here'>,
): Promise<{ readonly jobResultId: string }> {
  const row = await lockRow(tx, ask.repositoryId);
  if (row === undefined) throw new Failure('REPOSITORY_GONE', { message: 'The repository was deleted.' });
  const jobResultId = await addJobResult(tx, row, { ...ask, reason: 'asked', dryRun: true });
  if (ask.here !== true) await queue.send(tx, 'dry-run-repository', { jobResultId });
  return { jobResultId };
}

/**
 * Takes back a run that waits, with all that was asked for by it; what is asked for from now on is a new run. A run under way goes on and is
 * followed by none. Does nothing for a run that does not wait. True when nothing of the repository waits or is under way from now on. Call it
 * with the run's end, in one transaction.
 */
export async function withdrawPending(
  tx: Tx,
  { repositoryId, jobResultId }: { readonly repositoryId: string; readonly jobResultId: string },
): Promise<boolean> {
  const row = await lockRow(tx, repositoryId);
  if (row?.pending_job_result_id !== jobResultId) return false;
  // A run under way, or one that was cut off and waits to be taken up, is wanted still: its end settles what was seen.
  const isLast = row.running_job_result_id === null;
  const settled = isLast ? { seen: row.wanted, wanted_since: null, job_sent_at: null, failures: 0 } : {};
  await tx.kysely
    .updateTable('repositories')
    .set({ pending_job_result_id: null, pending_calm: false, not_before: null, ...settled })
    .where('id', '=', repositoryId)
    .execute();
  return isLast;
}
