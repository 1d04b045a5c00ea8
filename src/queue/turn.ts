import type { Selectable } from 'kysely';
import type { Database, Tx } from '#db/database.ts';
import type { Schema } from '#db/schema.ts';
import { databaseNow, databaseTimeIn } from '#db/time.ts';
import { Failure } from '#domain/failure.ts';
import { reached } from '#steps/reached.ts';
import { afterRun, calmWaitMs } from './calm.ts';
import type { JobSender } from './queue.ts';
import { sendSync } from './send-sync.ts';
import { addJobResult, calmOf, lockRow } from './turn-row.ts';

/**
 * Whose turn it is to sync a repository, kept on the repository's own row so that it depends on no queue policy
 * (SECURITY.md C3, last lines). `wanted` counts what was asked for, `seen` what a finished run had known of, `fence` who
 * may still write: every effect of a run commits together with `endTurn`, which fails for anyone but the latest holder.
 * Whoever asks while a run is under way is served by exactly one more run.
 */
export interface Turn {
  readonly repository: Selectable<Schema['repositories']>;
  readonly fence: number;
  readonly wanted: number;
  readonly jobResult: Selectable<Schema['job_results']>;
}

/** That a run is to be repeated. One that waits for the other side is not counted as a failure. */
export interface Retry {
  readonly afterMs: number;
  readonly isCounted: boolean;
}

/** A lease that is not renewed for this long is up: its holder was killed. With the sweep, a killed sync resumes within 15 s. */
const LEASE_MS = 9_000;
/** How often a holder renews; several tries fit in a lease. */
export const RENEW_EVERY_MS = 2_000;
/** A run that was killed this often is not started again (SECURITY.md C2). */
const MOST_STARTS = 3;

/** Takes the turn if something is wanted and nobody holds it; undefined otherwise. A run that was cut off is taken up again under its own job result. */
export async function claimTurn(database: Database, repositoryId: string, worker: string): Promise<Turn | undefined> {
  const turn = await database.transaction(async (tx) => {
    const row = await lockRow(tx, repositoryId);
    if (row === undefined || row.held || row.waiting || (row.wanted <= row.seen && row.pending_job_result_id === null)) return undefined;
    const jobResultId = row.running_job_result_id ?? row.pending_job_result_id ?? (await addJobResult(tx, row, { reason: 'retry' }));
    const repository = await tx.kysely
      .updateTable('repositories')
      .set({
        fence: row.fence + 1,
        running_until: databaseTimeIn(LEASE_MS),
        running_job_result_id: jobResultId,
        ...(jobResultId === row.pending_job_result_id ? { pending_job_result_id: null, pending_calm: false } : {}),
        // Once for each run, also for one that is cut off and taken up again.
        ...(jobResultId === row.pending_job_result_id && row.pending_calm
          ? { calm_runs: afterRun(calmOf(row), row.wanted - row.seen) }
          : {}),
        job_sent_at: null,
        not_before: null,
      })
      .where('id', '=', repositoryId)
      .returningAll()
      .executeTakeFirstOrThrow();
    const jobResult = await tx.kysely
      .updateTable('job_results')
      .set((eb) => ({ status: 'STARTED', worker, date_started: databaseNow(), starts: eb('starts', '+', 1) }))
      .where('id', '=', jobResultId)
      .returningAll()
      .executeTakeFirstOrThrow();
    reached('turn.claiming');
    return { repository, fence: repository.fence, wanted: repository.wanted, jobResult };
  });
  if (turn !== undefined) reached('turn.claimed');
  return turn;
}

/** Keeps the turn; false when it was lost and the run must stop. */
export async function renewTurn(database: Database, turn: Turn): Promise<boolean> {
  const { numUpdatedRows } = await database.kysely
    .updateTable('repositories')
    .set({ running_until: databaseTimeIn(LEASE_MS) })
    .where('id', '=', turn.repository.id)
    .where('fence', '=', turn.fence)
    .where('running_until', 'is not', null)
    .executeTakeFirst();
  reached('turn.renewed');
  return numUpdatedRows > 0;
}

/** Whether a run was started so often without coming to an end that it is what ends its processes. Counted before work begins, so that a kill cannot hide. */
export function isPoisoned({ jobResult }: { readonly jobResult: { readonly starts: number } }): boolean {
  return jobResult.starts > MOST_STARTS;
}

/** Takes back that a run was started: its process lives and only lost the turn, so the run did not end it. */
export async function forgiveStart(database: Database, turn: Turn): Promise<void> {
  await database.kysely
    .updateTable('job_results')
    .set((eb) => ({ starts: eb('starts', '-', 1) }))
    .where('id', '=', turn.jobResult.id)
    .where('status', '=', 'STARTED')
    .execute();
}

/** Lets go of a turn that a stopping process cannot finish: the next sweep hands the repository on at once, under the same job result. */
export async function releaseTurn(database: Database, turn: Turn): Promise<void> {
  await forgiveStart(database, turn);
  await database.kysely
    .updateTable('repositories')
    .set({ running_until: databaseTimeIn(-1) })
    .where('id', '=', turn.repository.id)
    .where('fence', '=', turn.fence)
    .where('running_until', 'is not', null)
    .execute();
}

/**
 * Takes the repository's row before anything else that a run's end writes, in the order in which everybody takes them. Throws SUPERSEDED
 * when the turn was lost.
 */
export async function holdTurn(tx: Tx, turn: Turn): Promise<void> {
  const row = await tx.kysely
    .selectFrom('repositories')
    .select('id')
    .where('id', '=', turn.repository.id)
    .where('fence', '=', turn.fence)
    .forNoKeyUpdate()
    .executeTakeFirst();
  if (row === undefined) throw superseded();
}

function superseded(): Failure {
  return new Failure('SUPERSEDED', { message: 'Another run took over; this one changed nothing.' });
}

/**
 * Gives the turn back, in the transaction that holds the run's effects: when it was lost meanwhile, `SUPERSEDED` is thrown
 * and they are rolled back. Sends the next job if more is wanted, or one later if this run is to be repeated.
 */
export async function endTurn(queue: JobSender, tx: Tx, turn: Turn, retry?: Retry): Promise<void> {
  const { id } = turn.repository;
  const row = await tx.kysely
    .updateTable('repositories')
    .set((eb) => ({
      running_until: null,
      running_job_result_id: null,
      calm_since: databaseNow(),
      failures: retry === undefined ? 0 : eb('failures', '+', retry.isCounted ? 1 : 0),
      // Whoever asked meanwhile has a run that waits, unless it was cancelled: then nothing is wanted any more. While one waits, something is,
      // even where this run was taken up again after it was asked for: the sweep looks for nothing else.
      ...(retry === undefined
        ? {
            seen: eb
              .case()
              .when('pending_job_result_id', 'is', null)
              .then(eb.ref('wanted'))
              .else(eb.fn<number>('least', [eb.val(turn.wanted), eb('wanted', '-', 1)]))
              .end(),
            wanted_since: eb.case().when('pending_job_result_id', 'is', null).then(null).else(databaseNow()).end(),
          }
        : {}),
    }))
    .where('id', '=', id)
    .where('fence', '=', turn.fence)
    .returning(['id', 'organization_id', 'wanted', 'seen', 'pending_job_result_id', 'pending_calm', 'calm_runs'])
    .executeTakeFirst();
  if (row === undefined) throw superseded();
  reached('turn.ending');
  if (retry === undefined && row.wanted <= row.seen && row.pending_job_result_id === null) return;
  const afterMs = row.pending_job_result_id === null ? (retry?.afterMs ?? 0) : pendingWaitMs(turn, row);
  const pending = row.pending_job_result_id ?? (await addJobResult(tx, row, { reason: 'retry', traceparent: turn.jobResult.traceparent }));
  await tx.kysely
    .updateTable('repositories')
    .set({ pending_job_result_id: pending, job_sent_at: databaseNow(), not_before: afterMs > 0 ? databaseTimeIn(afterMs) : null })
    .where('id', '=', id)
    .execute();
  await sendSync(queue, tx, row, afterMs);
}

/** Whoever asked meanwhile is not made to wait for the retry time of this run. Where only webhooks did, more of them may be coming. */
function pendingWaitMs(turn: Turn, row: { readonly pending_calm: boolean; readonly calm_runs: number }): number {
  if (!row.pending_calm) return 0;
  return calmWaitMs({ runs: row.calm_runs, sinceMs: 0 }, { behind: turn.jobResult.reason === 'webhook' });
}
