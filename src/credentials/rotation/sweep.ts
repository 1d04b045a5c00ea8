import type { Failure } from '#domain/failure.ts';
import { findToldToken } from '#credentials/store.ts';
import { tellFailed, tellRotated, tellUnknown } from './news.ts';
import type { RotateDeps } from './rotate.ts';
import { UNKNOWN_DETAIL, rotateStored } from './rotate.ts';
import { claimAutomatic, dropUnsent, markUnknown } from './store.ts';

/** The call and what comes before it end within two minutes; what stands longer has lost its process. */
const LOST_AFTER_MS = 3 * 60_000;
const AT_ONCE = 5;

/** Looks after rotations: those whose process ended are settled or marked, and tokens that are to be rotated by themselves are. */
export async function sweepRotations(deps: RotateDeps, signal: AbortSignal): Promise<void> {
  await endLost(deps, LOST_AFTER_MS);
  while (!signal.aborted) {
    const due = await claimAutomatic(deps.database, AT_ONCE);
    if (due.length === 0) return;
    for (const id of due) await rotateDue(deps, id);
  }
}

/** Before the request was sent the token is as it was; after that nobody knows. */
export async function endLost({ database, queue, log }: RotateDeps, lostAfterMs: number): Promise<void> {
  await dropUnsent(database, lostAfterMs);
  const lost = await database.transaction(async (tx) => {
    const marked = await markUnknown(tx, { olderThanMs: lostAfterMs }, UNKNOWN_DETAIL);
    for (const token of marked) await tellUnknown(queue, tx, token);
    return marked;
  });
  for (const { id } of lost) log.error({ credentialId: id }, 'a rotation lost its process: nobody knows whether the token was rotated');
}

async function rotateDue(deps: RotateDeps, id: string): Promise<void> {
  const { database, queue } = deps;
  const before = await findToldToken(database, id);
  if (before === undefined) return;
  const outcome = await rotateStored(deps, id, { leastDays: 2 * (before.rotate_before_days ?? 0) });
  await database.transaction(async (tx) => {
    const token = await findToldToken(tx, id);
    if (token === undefined) return;
    if (outcome.ok) await tellRotated(queue, tx, token);
    else if (isTold(outcome.error)) await tellFailed(queue, tx, token, outcome.error);
  });
}

/** What is tried again tomorrow without harm is left to the reminders; and what is unknown was told already. */
function isTold(error: Failure | 'busy' | 'not-possible'): error is Failure {
  return typeof error !== 'string' && error.next === 'never' && error.code !== 'ROTATION_UNKNOWN';
}
