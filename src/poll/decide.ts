import type { FailureCode } from '#domain/failure-codes.ts';
import type { TrackedRef } from '#git/tracked-ref.ts';

/** What is known here of a repository's ref. */
export interface Known {
  /** The ref that is followed, where it was the default branch when that was last seen. */
  readonly defaultBranch: string | undefined;
  /** Commit that the last run looked at, good or not. */
  readonly commit: string | null;
  /** Why the last run failed; undefined when it did not. */
  readonly errorCode: string | undefined;
  /** The last run failed and is to be repeated at some time. */
  readonly retryWaits: boolean;
  /** Looks in a row that failed before this one. */
  readonly failures: number;
  /** What was seen when a look last asked for a sync, if no other run has begun since then but the one asked for. */
  readonly asked: string | null;
}

/** `trial`: nothing new is seen, but what made the last run fail may be over. Trials become rarer if they fail. */
export type Verdict = { readonly ask: false } | { readonly ask: true; readonly seen: string; readonly trial: boolean };

/** What a run failed with that a look which succeeds speaks against. */
const OVER_WHEN_SEEN: ReadonlySet<string> = new Set<FailureCode>([
  'AUTH_FAILED',
  'AUTH_MISSING',
  'AUTH_EXPIRED',
  'AUTH_REVOKED',
  'REPO_NOT_FOUND',
  'REPO_GONE',
  'REPO_MOVED',
  'REPO_EMPTY',
  'REF_NOT_FOUND',
  'BRANCH_DELETED',
  'POLICY_DENIED',
  'TLS_UNTRUSTED',
  // Repeated by itself at first, and given up after some tries (domain/retry-class.ts).
  'CONNECTION_FAILED',
  'CLONE_TIMEOUT',
  'PROVIDER_FAILED',
]);
const SAY_ABSENT: ReadonlySet<string> = new Set<FailureCode>(['REF_NOT_FOUND', 'BRANCH_DELETED', 'REPO_EMPTY']);
export const ABSENT = 'absent';

/** Whether what is seen at the remote calls for a sync. Pure. */
export function decide(seen: TrackedRef, known: Known): Verdict {
  switch (seen.is) {
    case 'at':
      if (seen.commit !== known.commit && seen.commit !== known.asked) return { ask: true, seen: seen.commit, trial: false };
      return isMended(known) ? { ask: true, seen: seen.commit, trial: true } : { ask: false };
    case 'absent':
      // Another branch is the default one now, which a run follows; it may have become so only after a run had found none.
      if (seen.head !== undefined && known.defaultBranch !== undefined && seen.head !== known.asked) {
        if (seen.head !== `refs/heads/${known.defaultBranch}`) return { ask: true, seen: seen.head, trial: false };
      }
      if (known.asked === ABSENT || (known.errorCode !== undefined && SAY_ABSENT.has(known.errorCode))) return { ask: false };
      return { ask: true, seen: ABSENT, trial: false };
    case 'a-commit':
      return isMended(known) ? { ask: true, seen: seen.is, trial: true } : { ask: false };
  }
}

/** A run that waits for its retry time is not made to wait on once the remote is back; one that was given up is taken up again. */
function isMended({ errorCode, retryWaits, failures }: Known): boolean {
  if (retryWaits) return failures > 0;
  return errorCode !== undefined && OVER_WHEN_SEEN.has(errorCode);
}
