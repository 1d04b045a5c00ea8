import type { Logger } from 'pino';
import type { Failure } from '#domain/failure.ts';
import { toFailure } from '#domain/failure.ts';
import type { Redactor } from '#domain/redact.ts';
import { retryRule } from '#domain/retry-class.ts';

/** What the queue does with a job after its handler: the only place where a failure becomes queue policy. */
export type JobOutcome =
  | { readonly kind: 'done' }
  | { readonly kind: 'later'; readonly afterMs: number }
  | { readonly kind: 'again'; readonly reason: string };

/** When the other side says "later" without saying when. */
const LATER_MS = 60_000;

/** Runs a handler and maps how it ends. Never throws; the cause of a failure goes to the log and nowhere else. The queue keeps `reason`. */
export async function runJob(log: Logger, redact: Redactor, handler: () => Promise<void>): Promise<JobOutcome> {
  try {
    await handler();
    return { kind: 'done' };
  } catch (error) {
    const failure = toFailure(error);
    const detail = { code: failure.code, err: failure.cause ?? failure };
    switch (failure.next) {
      case 'never':
        log.warn(detail, 'job ended without effect: a person must act');
        return { kind: 'done' };
      case 'later':
        log.info(detail, 'job waits for the other side');
        return { kind: 'later', afterMs: failure.retryAfterMs ?? LATER_MS };
      case 'again':
        log.warn(detail, 'job failed, it is tried again');
        return { kind: 'again', reason: redact(`${failure.code}: ${failure.message}`) };
    }
  }
}

const FIRST_RETRY_MS = 1_000;
const LONGEST_RETRY_MS = 300_000;

/**
 * Milliseconds until a run that failed is repeated; undefined when only a person or a new push can change the outcome, or when it has
 * been tried often enough. `failures`: how many runs in a row had failed before this one.
 */
export function retryAfterMs(failure: Failure, failures: number, random?: () => number): number | undefined {
  const { next, mostTries, patience } = retryRule(failure.retryClass);
  if (next === 'never' || failures + 1 >= mostTries) return undefined;
  return failure.retryAfterMs ?? retryDelayMs(failures + patience, random);
}

/** Backoff with full jitter: 1 s doubling to 300 s, so that a server that comes back is not met by everyone at once (SECURITY.md C2). */
export function retryDelayMs(failures: number, random: () => number = Math.random): number {
  const ceiling = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(failures, 20));
  return Math.round(ceiling / 2 + (random() * ceiling) / 2);
}
