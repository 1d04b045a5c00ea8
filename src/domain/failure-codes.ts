import type { RetryClass } from './retry-class.ts';

interface FailureKind {
  readonly retryClass: RetryClass;
  /** The operational state that a repository shows while this is its last result; undefined leaves it as it was. */
  readonly operational?: 'error-cred' | 'error-connection' | 'error';
  /** What to do, where the place that fails has nothing more exact to say. */
  readonly help: string;
}

/** Every way a run can fail, and what follows. One table, so that retry policy and what users see cannot drift apart. */
export const FAILURES = {
  // access
  AUTH_FAILED: {
    retryClass: 'auth',
    operational: 'error-cred',
    help: 'Check that the credential is valid and may read this repository, then sync again.',
  },
  AUTH_MISSING: { retryClass: 'auth', operational: 'error-cred', help: 'Give the repository a credential, then sync again.' },
  AUTH_EXPIRED: { retryClass: 'auth', operational: 'error-cred', help: 'Create a new token at the provider and replace the stored one.' },
  AUTH_REVOKED: { retryClass: 'auth', operational: 'error-cred', help: 'Create a new token at the provider and replace the stored one.' },
  PERM_MISSING: { retryClass: 'auth', help: 'Grant the permission at the provider, or use a token that has it.' },
  REPO_NOT_FOUND: {
    retryClass: 'not-found',
    operational: 'error',
    help: 'Check the URL, and that the credential can see the repository: providers answer "not found" for both.',
  },
  REPO_MOVED: {
    retryClass: 'not-found',
    operational: 'error',
    help: 'The repository was renamed or moved. Change its remote_url to the new address.',
  },
  REPO_GONE: {
    retryClass: 'not-found',
    operational: 'error',
    help: 'What was imported stays served. If the repository comes back it is found by itself; if it has another address now, change remote_url; otherwise delete it here.',
  },
  REPO_REPLACED: {
    retryClass: 'policy',
    operational: 'error',
    help: 'Find out who owns the repository at this address now. If it is yours, delete this one and register it again; if yours moved, change remote_url to where it is.',
  },
  REPO_EMPTY: { retryClass: 'ref-missing', operational: 'error', help: 'Push a first commit, then sync again.' },
  REF_NOT_FOUND: {
    retryClass: 'ref-missing',
    operational: 'error',
    help: 'Check branch, tag or commit; the branch may have been renamed or deleted.',
  },
  BRANCH_DELETED: {
    retryClass: 'ref-missing',
    operational: 'error',
    help: 'What was imported stays served. When the branch is there again it is imported by itself; to follow another one, change ref.',
  },
  POLICY_DENIED: {
    retryClass: 'policy',
    operational: 'error',
    help: 'The address is not allowed from here. An operator can allow it in TRIBUTARY_ALLOWED_HOSTS.',
  },
  TLS_UNTRUSTED: {
    retryClass: 'setup',
    operational: 'error-connection',
    help: 'Give the certificate authority of the server to the repository or credential.',
  },
  PROXY_REFUSED: {
    retryClass: 'setup',
    operational: 'error-connection',
    help: 'Correct network.proxy_url of the repository or credential, with the user name and password that the proxy wants.',
  },
  WRONG_SERVER: {
    retryClass: 'setup',
    help: 'Check the url of the token: it is the address that people open, without a path of the API.',
  },
  // remote
  CONNECTION_FAILED: {
    retryClass: 'transient',
    operational: 'error-connection',
    help: 'Nothing to do if the server comes back; otherwise check address, network and proxy.',
  },
  CLONE_TIMEOUT: {
    retryClass: 'transient',
    operational: 'error-connection',
    help: 'The server is slow or the repository large. SYNC_TIMEOUT_S raises the limit.',
  },
  RATE_LIMITED: { retryClass: 'rate-limited', help: 'Nothing to do: it goes on when the provider allows it.' },
  PROVIDER_BUSY: { retryClass: 'rate-limited', help: 'Nothing to do: it is tried again in a few seconds.' },
  PROVIDER_FAILED: { retryClass: 'transient', help: 'Nothing to do if the provider recovers.' },
  PROVIDER_REFUSED: { retryClass: 'policy', help: 'The provider refused the request as invalid; the message says what it said.' },
  // content and limits
  CONTENT_INVALID: { retryClass: 'content', help: 'Mend the files named in the log and push again. The last good commit stays served.' },
  FOLDER_NOT_FOUND: {
    retryClass: 'content',
    help: 'Correct path_prefix, or push the folder again. To remove what was imported, delete the repository here or leave an empty file in the folder.',
  },
  OWNER_CONFLICT: { retryClass: 'content', help: 'Rename the object in one of the two repositories.' },
  TOO_LARGE: {
    retryClass: 'content',
    operational: 'error',
    help: 'Make the repository smaller, point path_prefix at a part of it, or raise the limit named in the message.',
  },
  REMOTE_CORRUPT: {
    retryClass: 'content',
    operational: 'error',
    help: 'Run git fsck on the repository at the provider; objects in it are damaged or malformed.',
  },
  MIRROR_CORRUPT: { retryClass: 'transient', help: 'Nothing to do: the mirror is made anew.' },
  // ours
  SUPERSEDED: { retryClass: 'settled', help: 'Nothing to do: a newer run took over.' },
  REPOSITORY_GONE: { retryClass: 'settled', help: 'Nothing to do: the repository was deleted meanwhile.' },
  CANCELLED: {
    retryClass: 'transient',
    help: 'Nothing to do where the service was stopping: the run starts again. What a person cancelled is run again when somebody asks.',
  },
  STORAGE_FULL: {
    retryClass: 'storage',
    help: 'Make room for what the message names: disk space under the data folder or of the database, open files, or database connections.',
  },
  DATABASE_CONFLICT: { retryClass: 'conflict', help: 'Nothing to do: it is tried again.' },
  DATABASE_UNAVAILABLE: {
    retryClass: 'transient',
    help: 'Nothing to do if it is over soon: it is tried again. Otherwise see that PostgreSQL runs and can be reached; `tributary doctor` tries it.',
  },
  POISONED: {
    retryClass: 'poison',
    operational: 'error',
    help: 'See what the log of the service says of the processes that ended. A new push or a sync that you ask for tries it again.',
  },
  GIT_UNUSABLE: { retryClass: 'setup', operational: 'error', help: 'Install git 2.38 or later; `tributary doctor` says what is wrong.' },
  SECRET_UNREADABLE: {
    retryClass: 'setup',
    operational: 'error-cred',
    help: 'The key that sealed this secret is missing. Put it back into TRIBUTARY_SECRET_KEYS, or enter the secret again.',
  },
  WORKER_STUCK: {
    retryClass: 'internal',
    help: 'The process ends so that whoever supervises it starts a new one; what it was doing is taken up again. Send its log to the people who make this service.',
  },
  SECRET_NOT_FOUND: {
    retryClass: 'setup',
    operational: 'error-cred',
    help: 'Put the secret alone into the variable or file that the message names, or send it with the token.',
  },
  ROTATION_RUNNING: { retryClass: 'rate-limited', help: 'Nothing to do: it goes on when the rotation is over, within minutes.' },
  ROTATION_UNKNOWN: {
    retryClass: 'auth',
    operational: 'error-cred',
    help: 'Look at the token at the provider. Create a new one there and replace the stored one; or, if the old one is still shown as active, verify it here.',
  },
  NOTIFICATION_FAILED: { retryClass: 'transient', help: 'Nothing to do if the receiver recovers; it is tried for about an hour.' },
  NOTIFICATION_UNSENDABLE: {
    retryClass: 'setup',
    help: 'Set SMTP_URL and SMTP_FROM, or give the target a mail server and a sender of its own.',
  },
  INTERNAL: { retryClass: 'internal', help: 'If it goes on, send the request id or job result id to the people who run this service.' },
} as const satisfies Record<string, FailureKind>;

export type FailureCode = keyof typeof FAILURES;

/** The state that a repository shows while a failure of this code is its last result; undefined leaves it as it was. */
export function operationalStateOf(code: FailureCode): FailureKind['operational'] {
  const kind: FailureKind = FAILURES[code];
  return kind.operational;
}
