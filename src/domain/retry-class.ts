/**
 * What happens next after a failure, decided where it is known and obeyed in one place (queue/run.ts):
 * `never`  a person must act; no retry, shown until the cause changes
 * `later`  the other side said when, or is known to be busy; not counted as an attempt
 * `again`  nobody is to blame; retried with backoff, then kept as failed
 */
export type NextAction = 'never' | 'later' | 'again';

interface RetryRule {
  readonly next: NextAction;
  /** Runs in a row that may end so before the last one is kept as failed; a new push or a person begins anew. */
  readonly mostTries: number;
  /** Doublings that the first wait is ahead of a second: what takes long to mend is not asked every second. */
  readonly patience: number;
}

const ONCE = { next: 'never', mostTries: 1, patience: 0 } as const;

/** Every kind of failure there is (SECURITY.md C2). A code belongs to exactly one, and nothing else decides about retries. */
export const RETRY_CLASSES = {
  /** Connections, servers and clocks: what is away comes back. */
  transient: { next: 'again', mostTries: 10, patience: 0 },
  'rate-limited': { next: 'later', mostTries: Number.POSITIVE_INFINITY, patience: 6 },
  auth: ONCE,
  'not-found': ONCE,
  'ref-missing': ONCE,
  /** What is in the repository: the next push is judged anew. */
  content: ONCE,
  /** Refused by a rule, ours or the provider's. */
  policy: ONCE,
  /** This installation must be mended first. */
  setup: ONCE,
  /** Somebody else was faster. A run plans anew by itself before it fails so (sync/run.ts). */
  conflict: { next: 'again', mostTries: 10, patience: 0 },
  /** Out of space, files or connections: goes on when there are some again, however long that takes. */
  storage: { next: 'again', mostTries: Number.POSITIVE_INFINITY, patience: 5 },
  /** The run ended its process again and again; it does not get a further one. */
  poison: ONCE,
  /** Nothing is left to do. */
  settled: ONCE,
  /** What nobody expected. */
  internal: { next: 'again', mostTries: 10, patience: 0 },
} as const satisfies Record<string, RetryRule>;

export type RetryClass = keyof typeof RETRY_CLASSES;

export function retryRule(retryClass: RetryClass): RetryRule {
  return RETRY_CLASSES[retryClass];
}
