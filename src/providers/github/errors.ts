import { RequestError } from '@octokit/request-error';
import { Failure, isFailure } from '#domain/failure.ts';
import type { AskedToWait } from '#providers/wait.ts';
import { waitMs } from '#providers/wait.ts';

/** What was being done, in words that fit "Cannot …". */
export interface Doing {
  readonly what: string;
  /** Permission as GitHub names it, told when GitHub hides the reason behind a 404 (PROVIDERS.md 1.1). */
  readonly permission?: string;
}

const MOST_CHARACTERS = 300;

/** An answer of GitHub that is not what was hoped for, as what follows from it. No token and no raw body gets into a message. */
export function toGithubFailure(error: unknown, { what, permission }: Doing, now: Date): Failure {
  if (isFailure(error)) return error;
  if (!(error instanceof RequestError)) {
    const failure = causeFailure(error);
    return failure ?? new Failure('CONNECTION_FAILED', { message: `Cannot ${what}: GitHub did not answer.`, cause: error });
  }
  const fromBelow = causeFailure(error);
  if (fromBelow !== undefined) return fromBelow;
  if (error.response === undefined)
    return new Failure('CONNECTION_FAILED', { message: `Cannot ${what}: GitHub did not answer.`, cause: error });
  const { status } = error;
  const headers = error.response.headers;
  if (isLimited(status, headers, error.message)) {
    return new Failure('RATE_LIMITED', {
      message: `Cannot ${what} now: GitHub limits how often it may be asked.`,
      retryAfterMs: waitMs(askedToWait(headers), now),
      cause: error,
    });
  }
  switch (status) {
    case 401:
      return new Failure('AUTH_FAILED', { message: `Cannot ${what}: GitHub refuses the token (Bad credentials).`, cause: error });
    case 403:
      return forbidden(what, headers, permission, error);
    case 404:
      return permission === undefined
        ? new Failure('REPO_NOT_FOUND', {
            message: `Cannot ${what}: GitHub does not find the repository, or hides it from this token.`,
            cause: error,
          })
        : missing(what, permission, error);
    case 301:
    case 302:
    case 307:
    case 308:
      return new Failure('REPO_MOVED', { message: `Cannot ${what}: the repository was renamed or moved at GitHub.`, cause: error });
    default:
      return status >= 500 || status < 400
        ? new Failure('PROVIDER_FAILED', { message: `Cannot ${what}: GitHub answered ${status}.`, cause: error })
        : new Failure('PROVIDER_REFUSED', { message: `Cannot ${what}: GitHub answered ${status}: ${detail(error)}`, cause: error });
  }
}

type AnswerHeaders = Readonly<Record<string, string | number | undefined>>;

function isLimited(status: number, headers: AnswerHeaders, message: string): boolean {
  if (status === 429) return true;
  return (
    status === 403 &&
    (headers['retry-after'] !== undefined || String(headers['x-ratelimit-remaining']) === '0' || /rate limit/i.test(message))
  );
}

/** Every answer tells when the hour's count starts anew; that is a limit only where nothing of it is left. */
function askedToWait(headers: AnswerHeaders): AskedToWait {
  const text = (name: string): string | undefined => (headers[name] === undefined ? undefined : String(headers[name]));
  return {
    retryAfter: text('retry-after'),
    resetAt: text('x-ratelimit-remaining') === '0' ? text('x-ratelimit-reset') : undefined,
    date: text('date'),
  };
}

function forbidden(what: string, headers: AnswerHeaders, permission: string | undefined, cause: unknown): Failure {
  if (headers['x-github-sso'] !== undefined) {
    return new Failure('PERM_MISSING', {
      message: `Cannot ${what}: the organization wants the token to be authorized for single sign-on.`,
      help: 'Authorize the token for the organization: GitHub, Settings, Developer settings, the token, Configure SSO.',
      cause,
    });
  }
  const needed = headers['x-accepted-github-permissions'] ?? headers['x-accepted-oauth-scopes'];
  return missing(
    what,
    needed === undefined || needed === '' ? (permission ?? 'the permission') : String(needed).slice(0, MOST_CHARACTERS),
    cause,
  );
}

function missing(what: string, permission: string, cause: unknown): Failure {
  return new Failure('PERM_MISSING', {
    message: `Cannot ${what}: the token lacks ${permission}.`,
    help: `Give the token ${permission} at GitHub, or use one that has it.`,
    cause,
  });
}

/** The egress fetch says why it did not let a request out; Octokit wraps that. */
function causeFailure(error: unknown): Failure | undefined {
  for (let at: unknown = error; at instanceof Error; at = at.cause) if (isFailure(at)) return at;
  return undefined;
}

/** GitHub's own words: the message and the messages of its list of errors. */
function detail(error: RequestError): string {
  const data: unknown = error.response?.data;
  const errors = typeof data === 'object' && data !== null && 'errors' in data && Array.isArray(data.errors) ? data.errors : [];
  const texts = errors.flatMap((entry: unknown) =>
    typeof entry === 'object' && entry !== null && 'message' in entry ? [String(entry.message)] : [],
  );
  const message = typeof data === 'object' && data !== null && 'message' in data ? String(data.message) : '';
  return [message, ...texts]
    .filter((text) => text !== '')
    .join('; ')
    .slice(0, MOST_CHARACTERS);
}
