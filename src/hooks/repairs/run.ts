import { setTimeout as sleep } from 'node:timers/promises';
import type { HookDeps } from '#hooks/hook.ts';
import { repairHook } from '#hooks/repair.ts';
import { findHookById } from '#hooks/store.ts';
import type { JobPayloads } from '#queue/jobs.ts';
import { findWaiting, noteOutcome } from './store.ts';

/** Providers ask for a second between changes (PROVIDERS.md 1.1), and a repair of many is in no hurry. */
const PAUSE_MS = 1_000;
/** One provider that does not answer must not hold up the others for long. */
const ONE_WITHIN_MS = 30_000;

/**
 * Repairs the hooks that wait in a repair, one after the other, until none does. What came of each is kept with it, so that it goes on
 * where it was when its process ended. A limit of the provider is thrown for the queue to wait for; any other failure is the hook's, and said there.
 */
export async function runRepairs(
  deps: HookDeps,
  { batchId }: JobPayloads['repair-hooks'],
  signal: AbortSignal,
  pauseMs = PAUSE_MS,
): Promise<void> {
  for (;;) {
    const id = await findWaiting(deps.database, batchId);
    const row = id === undefined ? undefined : await findHookById(deps.database, id);
    if (row === undefined) return;
    const limited = AbortSignal.any([signal, AbortSignal.timeout(ONE_WITHIN_MS)]);
    const { changes, failure } = await repairHook(deps, row, { dryRun: false, signal: limited });
    signal.throwIfAborted();
    if (failure?.code === 'RATE_LIMITED') throw failure;
    await noteOutcome(deps.database, row, failure === undefined ? (changes.length > 0 ? 'repaired' : 'unchanged') : 'failed');
    await sleep(pauseMs, undefined, { signal });
  }
}
