/** State of one report on one commit. `error` is our own fault or the remote's; `failure` is the content's. */
export type CommitState = 'pending' | 'success' | 'failure' | 'error';

/** A status as Tributary means it; each provider maps it to its own words and limits. */
export interface CommitStatus {
  /** Status context and check name, such as `tributary/import`. */
  readonly context: string;
  readonly state: CommitState;
  /** The result in words; a provider shortens it to what it takes. */
  readonly description: string;
  /** Absolute URL of the run. */
  readonly targetUrl: string;
}
