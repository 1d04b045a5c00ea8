import { Failure } from '#domain/failure.ts';
import type { CommitId } from '#domain/words.ts';
import { isCommitId } from '#domain/words.ts';
import type { Git } from './context.ts';
import { GitExitError } from './exit.ts';
import { toMirrorFailure } from './failure.ts';
import { readPackedRefs } from './packed-refs.ts';
import { isSafeRef, toBranchRef, toTagRef } from './ref-name.ts';
import { runGit } from './simple.ts';

/** What Git says of an id that is fine and names no commit, or more than one. */
const NO_COMMIT = /^error: (?:short object ID .* is ambiguous|.*expected commit type)/;
const SHORT_ID = /^[0-9a-f]{7,64}$/i;

/**
 * The commit that a branch, tag, full ref or commit id names, looked for in this order; ids may be shortened to 7 digits. After
 * this only the id is used. Throws Failure REPO_EMPTY, REF_NOT_FOUND.
 */
export async function resolveCommit(git: Git, gitDir: string, name: string, signal: AbortSignal): Promise<CommitId> {
  const refs = await readPackedRefs(gitDir);
  for (const ref of [toBranchRef(name), toTagRef(name), isSafeRef(name) ? name : undefined]) {
    const id = ref === undefined ? undefined : refs.get(ref);
    if (id !== undefined) return commitOfRef(git, gitDir, { id, name }, signal);
  }
  if (refs.size === 0) throw new Failure('REPO_EMPTY', { message: 'The repository has no commit yet.' });
  // Asked as an id and nothing else: every ref was looked at.
  const found = SHORT_ID.test(name) ? await lookUp(git, gitDir, name.toLowerCase(), signal) : undefined;
  return found?.is === 'commit' ? found.id : notFound(name);
}

/** Whether the commit is there, as after a forced push it may not be any more. */
export async function hasCommit(git: Git, gitDir: string, commit: CommitId, signal: AbortSignal): Promise<boolean> {
  return isCommitId(commit) && (await lookUp(git, gitDir, commit, signal)).is === 'commit';
}

export function noCommit(commit: string): Failure {
  return new Failure('REF_NOT_FOUND', { message: `The repository has no commit ${JSON.stringify(commit.slice(0, 64))}.` });
}

/** What a ref names was there when the ref was taken over. */
async function commitOfRef(
  git: Git,
  gitDir: string,
  { id, name }: { readonly id: string; readonly name: string },
  signal: AbortSignal,
): Promise<CommitId> {
  const found = await lookUp(git, gitDir, id, signal);
  if (found.is === 'absent')
    throw new Failure('MIRROR_CORRUPT', { message: 'The local mirror lacks a commit that one of its refs names.' });
  return found.is === 'commit' ? found.id : notFound(name);
}

function notFound(name: string): never {
  throw new Failure('REF_NOT_FOUND', {
    message: `The repository has no branch, tag or commit named ${JSON.stringify(name.slice(0, 100))}.`,
  });
}

type Lookup = { readonly is: 'commit'; readonly id: CommitId } | { readonly is: 'other' | 'absent' };

/** Throws Failure MIRROR_CORRUPT when Git met damage on the way: what it cannot read, it calls absent as well. */
async function lookUp(git: Git, gitDir: string, id: string, signal: AbortSignal): Promise<Lookup> {
  const args = ['rev-parse', '--verify', '--end-of-options', `${id}^{commit}`];
  try {
    const commit = (await runGit(git, { args, gitDir, signal })).trim().split('\n').at(-1) ?? '';
    return isCommitId(commit) ? { is: 'commit', id: commit } : { is: 'absent' };
  } catch (error) {
    if (error instanceof GitExitError && error.exit.ended === 'by-itself' && error.exit.code === 128) {
      const complaints = error.exit.stderr.split('\n').filter((line) => line.startsWith('error: '));
      if (complaints.every((line) => NO_COMMIT.test(line))) return { is: complaints.length > 0 ? 'other' : 'absent' };
    }
    throw toMirrorFailure(error);
  }
}
