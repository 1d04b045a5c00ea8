import type { CheckDeps } from '#credentials/checks/check-due.ts';
import { checkDue } from '#credentials/checks/check-due.ts';
import { remindOfExpiry } from '#credentials/reminders/remind.ts';
import type { RotateDeps } from '#credentials/rotation/rotate.ts';
import { sweepRotations } from '#credentials/rotation/sweep.ts';
import { createDrain } from '#queue/drain.ts';

/** A token that was refused in use is asked about within this. */
const LOOK_EVERY_MS = 10_000;

/** Has tokens checked when they are due, and reminds of those that end. */
export function startTokenChecks(deps: CheckDeps & RotateDeps, stopping: AbortSignal): () => Promise<void> {
  const ending = new AbortController();
  const signal = AbortSignal.any([stopping, ending.signal]);
  const work = async (): Promise<void> => {
    // First: of a token that has ended its end is told, and not that its provider refuses it.
    await remindOfExpiry(deps, signal);
    await checkDue(deps, signal);
    await sweepRotations(deps, signal);
  };
  const drain = createDrain({ work, sweepEveryMs: LOOK_EVERY_MS, log: deps.log });
  return async () => {
    ending.abort();
    await drain.stop();
  };
}
