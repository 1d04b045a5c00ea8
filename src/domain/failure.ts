import type { FailureCode } from './failure-codes.ts';
import { FAILURES } from './failure-codes.ts';

/**
 * What happens next after a failure, decided where it is known and obeyed in one place (queue/run.ts):
 * `never`  a person must act; no retry, shown until the cause changes
 * `later`  the other side said when, or is known to be busy; not counted as an attempt
 * `again`  nobody is to blame; retried with backoff, then kept as failed
 */
export type NextAction = 'never' | 'later' | 'again';

export interface FailureDetail {
  /** What happened, in words a user can act on. Already redacted: nothing here is filtered again. */
  readonly message: string;
  /** What to do about it. */
  readonly help?: string | undefined;
  /** For `later`: not before this many milliseconds. */
  readonly retryAfterMs?: number | undefined;
  readonly cause?: unknown;
}

/** An expected failure of a job or command. Its code is stable: tests, pages and other programs rely on it. */
export class Failure extends Error {
  override readonly name = 'Failure';
  readonly code: FailureCode;
  readonly next: NextAction;
  readonly help: string;
  readonly retryAfterMs: number | undefined;

  constructor(code: FailureCode, detail: FailureDetail) {
    super(detail.message, { cause: detail.cause });
    this.code = code;
    this.next = FAILURES[code].next;
    this.help = detail.help ?? FAILURES[code].help;
    this.retryAfterMs = detail.retryAfterMs;
  }
}

export function isFailure(error: unknown): error is Failure {
  return error instanceof Failure;
}

/** Every error as a Failure: what nobody expected is `INTERNAL`, retried, and keeps its cause for the operator's log only. */
export function toFailure(error: unknown): Failure {
  if (isFailure(error)) return error;
  return new Failure('INTERNAL', { message: 'Something failed inside the service; the log has the details under this run.', cause: error });
}
