import type { CommitStatus } from './status.ts';

/** One thing that is wrong with a file of a commit. */
export interface InsightProblem {
  readonly severity: 'error' | 'warning';
  /** Within the repository. */
  readonly path: string;
  /** From 1; undefined where the file as a whole is meant. */
  readonly line: number | undefined;
  readonly code: string | undefined;
  readonly message: string;
  readonly help: string | undefined;
}

/** A commit's result with the places that it is about, for providers that show them beside its status. Only of a run that has ended. */
export interface Insight {
  readonly status: CommitStatus;
  /** The worst first, as many as are kept. */
  readonly problems: readonly InsightProblem[];
  /** Of all problems, those that are not kept too. */
  readonly counts: { readonly errors: number; readonly warnings: number };
}
