import type { FailureCode } from './failure-codes.ts';
import { FAILURES } from './failure-codes.ts';
import type { NextAction, RetryClass } from './retry-class.ts';
import { RETRY_CLASSES } from './retry-class.ts';

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
  readonly retryClass: RetryClass;
  readonly next: NextAction;
  readonly help: string;
  readonly retryAfterMs: number | undefined;

  constructor(code: FailureCode, detail: FailureDetail) {
    super(detail.message, { cause: detail.cause });
    this.code = code;
    this.retryClass = FAILURES[code].retryClass;
    this.next = RETRY_CLASSES[this.retryClass].next;
    this.help = detail.help ?? FAILURES[code].help;
    this.retryAfterMs = detail.retryAfterMs;
  }
}

export function isFailure(error: unknown): error is Failure {
  return error instanceof Failure;
}

/**
 * Every error as a Failure. Databases and operating systems say by code what follows; what nobody expected is `INTERNAL`, retried,
 * and keeps its cause for the operator's log only.
 */
export function toFailure(error: unknown): Failure {
  if (isFailure(error)) return error;
  const known = knownCode(error);
  if (known !== undefined) return new Failure(known.failure, { message: known.message, cause: error });
  return new Failure('INTERNAL', { message: 'Something failed inside the service; the log has the details under this run.', cause: error });
}

const AWAY = { failure: 'DATABASE_UNAVAILABLE', message: 'The database did not answer.' } as const;
/** What the driver and the watch over silent connections (db/stall.ts) say without a code. */
const AWAY_WORDS = /^(?:Connection terminated|timeout exceeded when trying to connect|The database does not answer)/;

/** SQLSTATEs (PostgreSQL's appendix A) and errno names (errno(3)) that mean more than "it failed". */
const KNOWN_CODES: Readonly<Record<string, { readonly failure: FailureCode; readonly message: string }>> = {
  '40001': { failure: 'DATABASE_CONFLICT', message: 'Another change of the same rows came first.' },
  '40P01': { failure: 'DATABASE_CONFLICT', message: 'Two changes waited for each other, and this one gave way.' },
  '55P03': { failure: 'DATABASE_CONFLICT', message: 'Another change kept a row busy.' },
  '08000': AWAY,
  '08001': AWAY,
  '08003': AWAY,
  '08004': AWAY,
  '08006': AWAY,
  '57P01': AWAY,
  '57P02': AWAY,
  '57P03': AWAY,
  '57P05': AWAY,
  '25006': { failure: 'DATABASE_UNAVAILABLE', message: 'The database can only be read at the moment.' },
  '25P03': AWAY,
  // Whoever calls anything but the database says himself what its silence means.
  ECONNREFUSED: AWAY,
  ECONNRESET: AWAY,
  ENOTFOUND: AWAY,
  EAI_AGAIN: AWAY,
  ETIMEDOUT: AWAY,
  EPIPE: AWAY,
  '53100': { failure: 'STORAGE_FULL', message: 'There is no space left on the disk of the database.' },
  '53200': { failure: 'STORAGE_FULL', message: 'The database is out of memory.' },
  '53300': { failure: 'STORAGE_FULL', message: 'The database takes no more connections.' },
  ENOSPC: { failure: 'STORAGE_FULL', message: 'There is no space left on the disk.' },
  EDQUOT: { failure: 'STORAGE_FULL', message: 'The disk quota is used up.' },
  EMFILE: { failure: 'STORAGE_FULL', message: 'The process may open no more files.' },
  ENFILE: { failure: 'STORAGE_FULL', message: 'The machine can open no more files.' },
};

const DEEPEST_CAUSE = 5;

/** Drivers and streams wrap what happened below; the first code that is known decides. */
function knownCode(error: unknown): (typeof KNOWN_CODES)[string] | undefined {
  let at = error;
  for (let depth = 0; depth < DEEPEST_CAUSE && at instanceof Error; depth++) {
    const code = 'code' in at && typeof at.code === 'string' ? at.code : '';
    if (Object.hasOwn(KNOWN_CODES, code)) return KNOWN_CODES[code];
    if (AWAY_WORDS.test(at.message)) return AWAY;
    at = at.cause;
  }
  return undefined;
}
