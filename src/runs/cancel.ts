import { transactionAgain } from '#db/again.ts';
import type { Database } from '#db/database.ts';
import { FORMER_USER } from '#domain/cancelled.ts';
import type { Refusal } from '#domain/refusal.ts';
import { notFound, refuse } from '#domain/refusal.ts';
import { err, ok } from '#domain/result.ts';
import type { Result } from '#domain/result.ts';
import { printTime } from '#domain/time.ts';
import type { Actor } from '#people/actor.ts';
import { findUser } from '#people/store.ts';
import type { JobSender } from '#queue/queue.ts';
import { withdrawPending } from '#queue/ask.ts';
import { closePending } from '#report/store.ts';
import { hasEnded } from './job-result.ts';
import type { Canceller, JobResultRow } from './store.ts';
import { findJobResult, requestCancel, revoke } from './store.ts';

export interface CancelDeps {
  readonly database: Database;
  readonly queue: JobSender;
}

/**
 * Ends a run that somebody does not want, and answers with it as it is then. One that waits is over at once (REVOKED). Of one that is under
 * way the wish is kept, and the worker that has it, wherever it is, ends it within 3 s; it comes to no other end from then on, since this
 * and the run's own end meet at the row of its job result. Asking twice changes nothing. What ended by itself is refused with RUN_ENDED.
 */
export async function cancelRun(deps: CancelDeps, actor: Actor, id: string): Promise<Result<JobResultRow, Refusal>> {
  const { database } = deps;
  const canceller = await toCanceller(database, actor);
  for (;;) {
    const run = await findJobResult(database, actor.organizationId, id);
    if (run === undefined) return err(notFound('job result'));
    if (run.status === 'REVOKED') return ok(run);
    if (hasEnded(run)) return err(endedAlready(run));
    if (run.cancel_requested_at !== null) return ok(run);
    // A run goes from waiting to under way to its end and never back: one that was faster than this is found further on by the next look.
    if (run.status === 'STARTED' && run.repository_id !== null) await database.transaction((tx) => requestCancel(tx, id, canceller));
    else await revokeAtOnce(deps, run, canceller);
  }
}

/** A run that waits; or one whose repository was deleted while it was under way, which nobody ends any more. */
async function revokeAtOnce({ database, queue }: CancelDeps, run: JobResultRow, canceller: Canceller): Promise<void> {
  const { id: jobResultId, repository_id: repositoryId } = run;
  await transactionAgain(database, async (tx) => {
    // A run that is repeated for trouble of ours leaves its check pending until the last repetition.
    if (repositoryId !== null && (await withdrawPending(tx, { repositoryId, jobResultId })))
      await closePending(queue, tx, repositoryId, undefined, `Cancelled by ${canceller.name}`);
    await revoke(tx, run, canceller);
  });
}

async function toCanceller(database: Database, { organizationId, userId }: Actor): Promise<Canceller> {
  const user = await findUser(database, organizationId, userId);
  return { userId, name: user?.display_name ?? FORMER_USER };
}

function endedAlready({ status, date_done: doneAt, error }: JobResultRow): Refusal {
  const code = toCode(error);
  const how = code === undefined ? status : `${status} (${code})`;
  const when = doneAt === null ? '' : ` at ${printTime(doneAt)}`;
  return refuse('RUN_ENDED', `The run ended by itself${when}, with ${how}.`, { status, error: error ?? null });
}

function toCode(error: unknown): string | undefined {
  return typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
