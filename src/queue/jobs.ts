/**
 * Every background job by name, with what it carries: ids only, never bodies or secrets (SECURITY T46).
 * Each has exactly one handler in app/handlers.ts. Any job may run twice, and must then leave the same result.
 */
export interface JobPayloads {
  /** Brings a repository to what its remote says now. A signal that there is something to do: what, says the repository's own row (turn.ts). */
  readonly 'sync-repository': { readonly repositoryId: string };
  /** Computes what a sync would change and keeps it as the job result; applies nothing. */
  readonly 'dry-run-repository': { readonly jobResultId: string };
  /** Creates or mends the repository's hook at the provider, where the credential may. */
  readonly 'register-hook': { readonly repositoryId: string };
  /** Looks after a hook at the provider: whether it works, and what it could not deliver. */
  readonly 'audit-deliveries': { readonly hookId: string };
  /** Repairs the hooks that wait in one repair of many, one after the other. */
  readonly 'repair-hooks': { readonly batchId: string };
  /** Removes what a deleted repository left outside the database: its hook at the provider. */
  readonly 'forget-repository': {
    readonly repositoryId: string;
    readonly credentialId: string | null;
    readonly remoteUrl: string;
    readonly remoteHookId: string | null;
  };
  /** Asks how an installation of an App stands and brings what is known of it in line. */
  readonly 'refresh-installation': { readonly installationId: string };
  /** Posts a report of the outbox, if what is there differs. */
  readonly 'send-report': { readonly reportId: string };
  /** Delivers a notification of the outbox to its target. */
  readonly 'send-notification': { readonly notificationId: string };
}

export type JobName = keyof JobPayloads;

interface JobKind {
  /** Attempts after the first that fails with `again`; then the job is kept in `<job>.dead`. */
  readonly retries: number;
  /** Longest run before the queue takes the job for lost, in seconds. */
  readonly expireSeconds: number;
}

/**
 * `sync-repository` ends its own failures: its row remembers that more is wanted, and the turn sends the next job itself. The queue
 * brings it back only when the turn could not even be claimed, since the database was away for a moment; else the sweep would take 30 s.
 * A dry run ends its own failures, so it comes back only after its worker was killed.
 */
export const JOBS = {
  'sync-repository': { retries: 3, expireSeconds: 4 * 3_600 },
  'dry-run-repository': { retries: 3, expireSeconds: 4 * 3_600 },
  'register-hook': { retries: 5, expireSeconds: 120 },
  'audit-deliveries': { retries: 2, expireSeconds: 300 },
  'repair-hooks': { retries: 5, expireSeconds: 4 * 3_600 },
  'forget-repository': { retries: 5, expireSeconds: 120 },
  'refresh-installation': { retries: 5, expireSeconds: 120 },
  'send-report': { retries: 10, expireSeconds: 120 },
  'send-notification': { retries: 12, expireSeconds: 120 },
} as const satisfies Record<JobName, JobKind>;

export const JOB_NAMES: readonly JobName[] = [
  'sync-repository',
  'dry-run-repository',
  'register-hook',
  'audit-deliveries',
  'repair-hooks',
  'forget-repository',
  'refresh-installation',
  'send-report',
  'send-notification',
];
