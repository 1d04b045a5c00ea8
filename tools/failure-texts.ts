import type { FailureCode } from '#domain/failure-codes.ts';

interface FailureText {
  /** What the user sees has happened. */
  readonly what: string;
  /** What usually lies behind it. */
  readonly why: string;
  /** What the service does next, where the class of the code does not tell. */
  readonly next?: string;
}

/** The prose of docs/errors.md. Exhaustive by type: a new code without its text does not compile. */
export const FAILURE_TEXTS: Readonly<Record<FailureCode, FailureText>> = {
  AUTH_FAILED: {
    what: 'The remote refused the credential.',
    why: 'The token or password is wrong, was replaced, or belongs to somebody who lost access.',
  },
  AUTH_MISSING: {
    what: 'The remote asks for a credential, and the repository has none.',
    why: 'The repository is private, or its provider hides that it does not exist.',
  },
  AUTH_EXPIRED: { what: 'The token is past its expiry date.', why: 'Tokens are made with an end date; this one has come.' },
  AUTH_REVOKED: { what: 'The provider no longer knows the token.', why: 'Somebody revoked it, or the provider did after it leaked.' },
  PERM_MISSING: {
    what: 'The credential is valid but may not do this.',
    why: 'Its scopes or role lack a permission; the message names the one that the provider asks for, where it says so.',
  },
  REPO_NOT_FOUND: {
    what: 'The provider knows no such repository.',
    why: 'It was deleted, its address is mistyped, or this credential cannot see it.',
  },
  REPO_MOVED: {
    what: 'The repository has another address now.',
    why: 'It was renamed or transferred. Redirects are not followed with a credential.',
  },
  REPO_GONE: {
    what: 'The repository is no longer at its address, and is not found elsewhere. It was asked for twice, a minute or more apart.',
    why: 'It was deleted, or the credential may not see it any more. Nothing that was imported is removed for that.',
  },
  REPO_REPLACED: {
    what: "Another repository is at this address now: the provider's own number of it is not the one that was registered. Nothing of it was imported.",
    why: 'The repository was renamed or deleted and somebody made a new one under the old name. That may be a mistake, or an attempt to have content of theirs imported here.',
  },
  REPO_EMPTY: { what: 'The repository has no commit yet.', why: 'It was created and never pushed to.' },
  REF_NOT_FOUND: {
    what: 'The remote has no such branch, tag or commit.',
    why: 'It was renamed, deleted, or force-pushed away.',
  },
  BRANCH_DELETED: {
    what: 'The branch that is followed is no longer at the remote.',
    why: 'It was deleted or renamed. Nothing that was imported is removed for that.',
  },
  POLICY_DENIED: {
    what: 'The service refuses to connect to this address.',
    why: 'It is private, loopback or link-local, or its transport is not allowed; letting users reach such addresses would open the network behind the service.',
  },
  TLS_UNTRUSTED: {
    what: 'The certificate of the server is not trusted.',
    why: 'It was signed by an authority of your own, is out of date, or names another host.',
  },
  PROXY_REFUSED: {
    what: 'The proxy of the repository or credential did not let the connection through.',
    why: 'It wants another user name or password, or has a rule against the server. The message says which; the address of the proxy is secret and in no message.',
  },
  WRONG_SERVER: {
    what: 'What answers at the address of the token is not the provider that was named.',
    why: 'The address is mistyped, names another product, or a proxy or log-in page stands before the server.',
  },
  CONNECTION_FAILED: {
    what: 'The server could not be reached, or the connection broke.',
    why: 'It is down, or name resolution, network, firewall or proxy stand between.',
  },
  CLONE_TIMEOUT: {
    what: 'Bringing the repository here took too long and was stopped.',
    why: 'The server is slow, hangs, or the repository is large.',
  },
  RATE_LIMITED: { what: 'The provider asks to wait.', why: 'The credential used up its share of requests.' },
  PROVIDER_BUSY: {
    what: 'A call of the provider was put off, or not taken at the moment.',
    why: 'GitLab takes one update of the statuses of a commit at a time, and pipelines make many. Or the service itself keeps a credential within what its provider allows: writes one after the other, and the last of the budget for what is urgent.',
  },
  PROVIDER_FAILED: {
    what: 'The provider answered with an error of its own, or with nonsense.',
    why: 'It has a fault or is being maintained.',
  },
  PROVIDER_REFUSED: {
    what: 'The provider refused the request as invalid.',
    why: 'It has a rule that this request breaks; the message repeats its words.',
  },
  CONTENT_INVALID: {
    what: 'Files of the commit have errors, so nothing of it was imported.',
    why: 'Every problem stands in the log of the run with file, line and column; its codes are listed under Problems of content.',
  },
  FOLDER_NOT_FOUND: {
    what: 'The commit has no folder where path_prefix points.',
    why: 'path_prefix is mistyped, or the folder was moved or deleted. Nothing is removed for that: the last good commit stays served.',
  },
  OWNER_CONFLICT: {
    what: 'Two repositories claim one object.',
    why: 'Both hold an object of the same kind and name; the message names both.',
  },
  TOO_LARGE: {
    what: 'The repository exceeds a limit of the service.',
    why: 'It has more files, larger files or more bytes than this installation allows.',
  },
  REMOTE_CORRUPT: { what: 'The remote sent objects that Git refuses.', why: 'They are damaged, or made to do harm.' },
  MIRROR_CORRUPT: {
    what: 'The local mirror of the repository was unusable.',
    why: 'A crash, a full disk or a faulty disk left it incomplete.',
  },
  SUPERSEDED: {
    what: 'Another run took over while this one was under way; this one changed nothing.',
    why: 'This process was slow or cut off, and its turn was given away.',
  },
  REPOSITORY_GONE: { what: 'The repository is no longer registered.', why: 'Somebody deleted it after the work was asked for.' },
  CANCELLED: {
    what: 'The run was stopped before its end; it changed nothing.',
    why: 'Somebody cancelled it, and the message names them; or the service was stopping.',
    next: 'what a person cancelled (`REVOKED`) stays as it is until somebody asks or a push arrives; what a stopping service cut off runs again by itself.',
  },
  STORAGE_FULL: {
    what: 'Space, files or connections have run out.',
    why: 'The disk of the service or of the database is full, a quota is used up, or more files or connections are open than allowed.',
  },
  DATABASE_CONFLICT: {
    what: 'Another change of the same data came in between, several times over.',
    why: 'Many runs write to one branch at once. A run plans anew five times before it says so.',
  },
  DATABASE_UNAVAILABLE: {
    what: 'The database did not answer, or can only be read.',
    why: 'It is being restarted or moved, the network to it is cut, or a standby has not taken over yet.',
  },
  POISONED: {
    what: 'Importing this repository ended the process that did it three times in a row.',
    why: 'Something in it takes more memory than there is, or the machine kills the service for another reason. It is kept apart so that the others go on.',
  },
  GIT_UNUSABLE: {
    what: 'The git program is missing, too old or cannot be started.',
    why: 'The service needs git 2.38 or later on its PATH.',
  },
  SECRET_UNREADABLE: {
    what: 'A stored secret cannot be opened.',
    why: 'No key that the service holds fits it, or the row was changed outside the service.',
  },
  WORKER_STUCK: {
    what: 'A worker had not looked for jobs for a minute though some were waiting, and ended.',
    why: 'A call to the database never came back, by a fault of the service or of what it is built on. A database that is away is no reason: then it waits.',
  },
  SECRET_NOT_FOUND: {
    what: 'A secret that is kept in an environment variable or a file cannot be read.',
    why: 'The variable or file is missing, empty, too long or no token, or the operator does not allow it for this organization.',
  },
  ROTATION_RUNNING: { what: 'The token is being rotated, and is not used meanwhile.', why: 'The provider replaces it this moment.' },
  ROTATION_UNKNOWN: {
    what: 'Nobody knows whether the provider has rotated the token, so it is not used.',
    why: 'The connection or the process ended after the request was sent and before its answer was kept. Trying the old token again could make the provider revoke the new one as well.',
  },
  NOTIFICATION_FAILED: {
    what: 'A notification could not be delivered.',
    why: 'The receiver answered with an error, or the mail server did not take it.',
  },
  NOTIFICATION_UNSENDABLE: {
    what: 'There is no way to send a notification by e-mail.',
    why: 'Neither the installation nor the target has a mail server, or there is no sender.',
  },
  INTERNAL: {
    what: 'Something failed inside the service.',
    why: 'Nobody foresaw it. The log of the process has the cause under the same id; answers and job results do not.',
  },
};
