import { Failure, isFailure } from '#domain/failure.ts';
import type { FailureCode } from '#domain/failure-codes.ts';
import type { Redactor } from '#domain/redact.ts';
import { createRedactor } from '#domain/redact.ts';
import type { Remote } from '#domain/remote.ts';
import type { GitExit } from './exit.ts';
import { GitExitError, STDERR_CHARS } from './exit.ts';
import { REMOTE_RULES } from './failure-rules.ts';

const CAUSE_CHARS = 2048;
const SIGNALS = 128;
const SIGXFSZ = 25;

/** What a failed call that talked to a remote means. What the remote said reaches the operator's log only, without the secret. */
export function toRemoteFailure(error: unknown, remote: Remote): unknown {
  if (!(error instanceof GitExitError)) return error;
  const redact = redactorOf(remote);
  const cause = toCause(error.exit, redact);
  const general = generalFailure(error.exit, cause);
  if (general !== undefined) return general;

  const said = whoSaidWhat(error.exit.stderr);
  const rule = REMOTE_RULES.find(({ when, of = 'git' }) => when.test(said[of]));
  if (rule === undefined) return new Failure('INTERNAL', { message: 'Git failed for a reason that is not known here.', cause });
  const code = rule.code === 'AUTH_FAILED' && remote.access === undefined ? 'AUTH_MISSING' : rule.code;
  const message = code === rule.code ? rule.message : 'The Git server refuses to show this repository without a credential.';
  return new Failure(code, { message, cause });
}

/** What a failed call on a mirror means: we made it and ask for what it should hold, so what does not work is damage. */
export function toMirrorFailure(error: unknown): unknown {
  return toReadFailure(error, 'MIRROR_CORRUPT', 'The local mirror of the repository is damaged.');
}

/** The same for a repository of the user's own. */
export function toLocalFailure(error: unknown): unknown {
  return toReadFailure(error, 'REMOTE_CORRUPT', 'The repository in this folder could not be read.');
}

export function tooLarge(what: string, variable: string, limit: number): Failure {
  return new Failure('TOO_LARGE', { message: `${what}; the limit is ${limit} (${variable}).` });
}

export function isCode(error: unknown, ...codes: readonly FailureCode[]): boolean {
  return isFailure(error) && codes.includes(error.code);
}

/** A full disk met by ourselves rather than by Git. */
export function toStorageFailure(error: unknown): unknown {
  if (!isFileError(error, 'ENOSPC', 'EDQUOT')) return error;
  return new Failure('STORAGE_FULL', { message: 'There is no space left for the Git mirror.', cause: error });
}

export function isFileError(error: unknown, ...codes: readonly string[]): boolean {
  return error instanceof Error && 'code' in error && codes.some((code) => code === error.code) && !isFailure(error);
}

function toReadFailure(error: unknown, code: FailureCode, message: string): unknown {
  if (!(error instanceof GitExitError)) return error;
  const cause = toCause(error.exit, createRedactor([]));
  return generalFailure(error.exit, cause) ?? new Failure(code, { message, cause });
}

/** What does not depend on what the call was for. */
function generalFailure(exit: GitExit, cause: Error): Failure | undefined {
  if (exit.ended === 'aborted') return new Failure('CANCELLED', { message: 'The run was ended while Git was at work.', cause });
  if (exit.ended === 'timed-out') return new Failure('CLONE_TIMEOUT', { message: 'Git did not finish within the time limit.', cause });
  const said = whoSaidWhat(exit.stderr).git;
  if (exit.ended === 'not-started' && /\b(?:EMFILE|ENFILE|EAGAIN|ENOMEM)\b/.test(said))
    return new Failure('STORAGE_FULL', { message: 'The machine allows no more processes or open files for Git.', cause });
  if (exit.ended === 'not-started' || exit.code === 126 || exit.code === 127) {
    return new Failure('GIT_UNUSABLE', { message: 'Git could not be started.', cause });
  }
  if (exit.code === SIGNALS + SIGXFSZ || /signal 25\b|File size limit exceeded|File too large/.test(said)) {
    return new Failure('TOO_LARGE', {
      message: 'The repository sends more data at once than TRIBUTARY_MAX_PACK_BYTES allows.',
      cause,
    });
  }
  if (/^(?:fatal: )?(?:Out of memory|memory exhausted)|Cannot allocate memory|mmap failed/im.test(said)) {
    return new Failure('TOO_LARGE', {
      message: 'Git needed more memory for the repository than it may use. TRIBUTARY_MAX_PACK_BYTES raises that too.',
      cause,
    });
  }
  return undefined;
}

/**
 * What Git said of itself, and what it passed on from the remote: lines that it marks, and everything behind the text of an error
 * packet, which may hold line breaks. A remote must not choose what its failure means here, a full disk for example.
 */
function whoSaidWhat(stderr: string): { readonly git: string; readonly remote: string } {
  const lines = stderr.split('\n');
  // What was cut off at the start may be a half of a remote's line.
  if (stderr.length >= STDERR_CHARS) lines.shift();
  const from = lines.findIndex((line) => line.includes('remote error: '));
  const rest = from === -1 ? [] : lines.splice(from);
  return { git: lines.filter((line) => !isMarked(line)).join('\n'), remote: [...lines.filter(isMarked), ...rest].join('\n') };
}

function isMarked(line: string): boolean {
  return line.startsWith('remote: ');
}

function toCause(exit: GitExit, redact: Redactor): Error {
  // Redacted before it is cut: half a secret would not be found.
  return new Error(`git ended with ${exit.code} (${exit.ended}): ${redact(exit.stderr).slice(-CAUSE_CHARS)}`);
}

function redactorOf(remote: Remote): Redactor {
  const proxy = remote.network?.proxy;
  const secrets = [remote.access, proxy?.access].flatMap((access) =>
    access === undefined ? [] : [access.secret, `${access.username}:${access.secret}`],
  );
  return createRedactor(proxy === undefined ? secrets : [...secrets, proxy.host]);
}
