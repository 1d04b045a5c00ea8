import { randomInt } from 'node:crypto';
import { Failure, isFailure } from '#domain/failure.ts';
import { waitMs } from '#providers/wait.ts';
import { AnswerError, describeError, readError } from './answer-error.ts';
import type { GitlabError } from './answer-error.ts';

/** What was being done, in words that fit "Cannot …". */
export interface Doing {
  readonly what: string;
  /** Role and scope as GitLab names them, told when it says no more than that it is forbidden. */
  readonly permission: string;
}

/** Where GitLab makes and gives rights to tokens. */
const FIX = 'In GitLab: Settings > Access tokens of the project, group or user.';
/** A lock on the commit is held for one update; others wait their turn at different times. */
const BUSY_MS = { shortest: 1_000, longest: 6_000 };
/** How long GitLab shuts out an address with too many refused log-ins (PROVIDERS.md 1.2). */
const SHUT_OUT_MS = 15 * 60_000;

/** An answer of GitLab that is not what was hoped for, as what follows from it. No token and no raw body gets into a message. */
export function toGitlabFailure(error: unknown, { what, permission }: Doing, now: Date): Failure {
  for (let at: unknown = error; at instanceof Error; at = at.cause) if (isFailure(at)) return at;
  if (!(error instanceof AnswerError))
    return new Failure('CONNECTION_FAILED', { message: `Cannot ${what}: GitLab did not answer.`, cause: error });
  const { status, headers } = error;
  const said = readError(error);
  switch (status) {
    case 401:
      return refusedToken(what, said, error);
    case 403:
      return isShutOut(error)
        ? new Failure('RATE_LIMITED', {
            message: `Cannot ${what} now: GitLab answers nothing to this address, as after too many refused log-ins.`,
            retryAfterMs: SHUT_OUT_MS,
            cause: error,
          })
        : forbidden(what, permission, said, error);
    case 404:
      return notFound(what, said, error);
    case 409:
      return new Failure('PROVIDER_BUSY', {
        message: `Cannot ${what} now: ${describeError(said) || 'GitLab is changing it already'}.`,
        retryAfterMs: randomInt(BUSY_MS.shortest, BUSY_MS.longest),
        cause: error,
      });
    case 429:
      return new Failure('RATE_LIMITED', {
        message: `Cannot ${what} now: GitLab limits how often it may be asked.`,
        retryAfterMs: waitMs({ retryAfter: headers['retry-after'], resetAt: headers['ratelimit-reset'], date: headers['date'] }, now),
        cause: error,
      });
    default:
      return otherStatus(what, error, said);
  }
}

function otherStatus(what: string, error: AnswerError, said: GitlabError | undefined): Failure {
  const { status, headers } = error;
  if (status >= 300 && status < 400) return redirected(what, headers['location'], error);
  // Reads of a former name are redirected, anything else is not.
  if (status === 405 && /moved/i.test(describeError(said)))
    return new Failure('REPO_MOVED', { message: `Cannot ${what}: the project was renamed or moved at GitLab.`, cause: error });
  if (status < 300)
    return new Failure('PROVIDER_FAILED', { message: `Cannot ${what}: GitLab answered something that is no JSON.`, cause: error });
  if (status >= 500 || status === 408)
    return new Failure('PROVIDER_FAILED', { message: `Cannot ${what}: GitLab answered ${status}.`, cause: error });
  return new Failure('PROVIDER_REFUSED', { message: `Cannot ${what}: GitLab answered ${status}: ${describeError(said)}`, cause: error });
}

/** A former name leads to the number of its project; what is no GitLab, or behind a log-in of its own, leads to some page. */
function redirected(what: string, location: string | undefined, cause: unknown): Failure {
  return location === undefined || location.includes('/api/v4/')
    ? new Failure('REPO_MOVED', { message: `Cannot ${what}: the project was renamed or moved at GitLab.`, cause })
    : new Failure('PROVIDER_FAILED', { message: `Cannot ${what}: GitLab's API leads to a page. Check the url of the token.`, cause });
}

/** An unknown token and a revoked one are mostly told alike; only what is said is claimed. */
function refusedToken(what: string, said: GitlabError | undefined, cause: unknown): Failure {
  const description = said?.error_description ?? '';
  if (/expired/i.test(description)) return new Failure('AUTH_EXPIRED', { message: `Cannot ${what}: the token has expired.`, cause });
  if (/revoked/i.test(description)) return new Failure('AUTH_REVOKED', { message: `Cannot ${what}: the token was revoked.`, cause });
  return new Failure('AUTH_FAILED', { message: `Cannot ${what}: GitLab refuses the token (${describeError(said) || '401'}).`, cause });
}

/** Its firewall answers with the bare word, its API always with JSON. */
function isShutOut({ text }: AnswerError): boolean {
  return /^forbidden\s*$/i.test(text);
}

function forbidden(what: string, permission: string, said: GitlabError | undefined, cause: unknown): Failure {
  const isScope = /insufficient_(?:granular_)?scope/.test(said?.error ?? '');
  const scopes = isScope ? listScopes(said?.scope ?? '') : '';
  const lacks = scopes === '' ? permission : `one of the scopes ${scopes}`;
  // Tokens of single permissions are told which in words only.
  const told = isScope && scopes === '' ? ` (${describeError(said)})` : '';
  return new Failure('PERM_MISSING', {
    message: `Cannot ${what}: the token lacks ${lacks}${told}.`,
    help: `Make a token that has ${scopes === '' ? permission : scopes}, and replace the stored one. ${FIX}`,
    cause,
  });
}

function listScopes(scopes: string): string {
  const names = scopes.split(/[\s,]+/).filter((scope) => /^[a-z_]{1,50}$/.test(scope));
  return names.slice(0, 10).join(', ');
}

function notFound(what: string, said: GitlabError | undefined, cause: unknown): Failure {
  const text = describeError(said);
  return /commit/i.test(text)
    ? new Failure('PROVIDER_REFUSED', { message: `Cannot ${what}: GitLab answered 404: ${text}`, cause })
    : new Failure('REPO_NOT_FOUND', { message: `Cannot ${what}: GitLab does not find it, or hides it from this token.`, cause });
}
