import { Failure, isFailure } from '#domain/failure.ts';
import { waitMs } from '#providers/wait.ts';
import { AnswerError, readError } from './answer-error.ts';
import type { BitbucketError } from './answer-error.ts';

/** What was being done, in words that fit "Cannot …". */
export interface Doing {
  readonly what: string;
  /** Scope and role as Bitbucket names them, told when it says no more than that it is forbidden. */
  readonly permission: string;
}

const MOST_SCOPES = 10;
/** One text for a repository that is not there and for one that is hidden, with 404 and with 401 alike (PROVIDERS.md 1.3). */
const HIDDEN = /may not have access to this repository|no longer exists in this workspace/i;

/** An answer of Bitbucket that is not what was hoped for, as what follows from it. No token and no raw body gets into a message. */
export function toBitbucketFailure(error: unknown, { what, permission }: Doing, now: Date): Failure {
  for (let at: unknown = error; at instanceof Error; at = at.cause) if (isFailure(at)) return at;
  if (!(error instanceof AnswerError))
    return new Failure('CONNECTION_FAILED', { message: `Cannot ${what}: Bitbucket did not answer.`, cause: error });
  const { status, headers } = error;
  const said = readError(error);
  switch (status) {
    case 401:
      return HIDDEN.test(said?.message ?? '') ? notFound(what, said, error) : refusedToken(what, said, error);
    case 403:
      return forbidden(what, permission, said, error);
    case 404:
      return notFound(what, said, error);
    case 429:
      return new Failure('RATE_LIMITED', {
        message: `Cannot ${what} now: Bitbucket limits how often it may be asked.`,
        // Seconds or a date; how much is left is told by no header.
        retryAfterMs: waitMs(
          { retryAfter: headers.get('retry-after') ?? undefined, resetAt: undefined, date: headers.get('date') ?? undefined },
          now,
        ),
        cause: error,
      });
    default:
      return otherStatus(what, said, error);
  }
}

function otherStatus(what: string, said: BitbucketError | undefined, cause: AnswerError): Failure {
  const { status, headers } = cause;
  if (status >= 300 && status < 400) return redirected(what, headers.get('location') ?? '', cause);
  if (status < 300)
    return new Failure('PROVIDER_FAILED', { message: `Cannot ${what}: Bitbucket answered something that is no JSON.`, cause });
  if (status >= 500 || status === 408)
    return new Failure('PROVIDER_FAILED', { message: `Cannot ${what}: Bitbucket answered ${status}.`, cause });
  return new Failure('PROVIDER_REFUSED', { message: `Cannot ${what}: Bitbucket answered ${status}: ${said?.message ?? ''}`, cause });
}

/** A former name leads to the repository; what is no Bitbucket, or behind a log-in of its own, leads to some page. */
function redirected(what: string, location: string, cause: unknown): Failure {
  return location.includes('/2.0/repositories/')
    ? new Failure('REPO_MOVED', { message: `Cannot ${what}: the repository was renamed or moved at Bitbucket.`, cause })
    : new Failure('PROVIDER_FAILED', { message: `Cannot ${what}: Bitbucket's API leads to a page. Check the url of the token.`, cause });
}

/** Unknown, revoked and expired tokens are told in one sentence, so that no more is claimed. */
function refusedToken(what: string, said: BitbucketError | undefined, cause: unknown): Failure {
  return new Failure('AUTH_FAILED', {
    message: `Cannot ${what}: Bitbucket refuses the token (${said?.message || '401'}).`,
    help: 'An API token needs scopes and, as username, the e-mail address of its Atlassian account; app passwords work no more. Create a new token at Bitbucket and replace the stored one.',
    cause,
  });
}

function forbidden(what: string, permission: string, said: BitbucketError | undefined, cause: unknown): Failure {
  const scopes = (said?.required ?? []).filter((scope) => /^[a-z:-]{1,60}$/.test(scope)).slice(0, MOST_SCOPES);
  const lacks = scopes.length === 0 ? permission : `the scope ${scopes.join(', ')}`;
  return new Failure('PERM_MISSING', {
    message: `Cannot ${what}: the token lacks ${lacks}.`,
    help: `Scopes of a token never change: make one that has ${lacks} (${permission}), and replace the stored one.`,
    cause,
  });
}

function notFound(what: string, said: BitbucketError | undefined, cause: unknown): Failure {
  const text = said?.message ?? '';
  return /commit/i.test(text)
    ? new Failure('PROVIDER_REFUSED', { message: `Cannot ${what}: Bitbucket answered 404: ${text}`, cause })
    : new Failure('REPO_NOT_FOUND', { message: `Cannot ${what}: Bitbucket does not find it, or hides it from this token.`, cause });
}
