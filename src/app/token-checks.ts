import type { CheckDeps } from '#credentials/checks/check-due.ts';
import { checkDue } from '#credentials/checks/check-due.ts';
import { createDrain } from '#queue/drain.ts';

/** A token that was refused in use is asked about within this. */
const LOOK_EVERY_MS = 10_000;

/** Has tokens checked when they are due. */
export function startTokenChecks(deps: CheckDeps, stopping: AbortSignal): () => Promise<void> {
  const ending = new AbortController();
  const signal = AbortSignal.any([stopping, ending.signal]);
  const drain = createDrain({ work: () => checkDue(deps, signal), sweepEveryMs: LOOK_EVERY_MS, log: deps.log });
  return async () => {
    ending.abort();
    await drain.stop();
  };
}
