import { Failure } from '#domain/failure.ts';
import type { CommitId } from '#domain/words.ts';
import { isCommitId } from '#domain/words.ts';
import type { Git } from './context.ts';
import { GitExitError } from './exit.ts';
import { toMirrorFailure } from './failure.ts';
import { readPackedRefs } from './packed-refs.ts';
import { isSafeRef, toBranchRef, toTagRef } from './ref-name.ts';
import { runGit } from './simple.ts';

const SHORT_ID = /^[0-9a-f]{7,64}$/i;

/**
 * The commit that a branch, tag, full ref or commit id names, looked for in this order; ids may be shortened to 7 digits. After
 * this only the id is used. Throws Failure REPO_EMPTY, REF_NOT_FOUND.
 */
export async function resolveCommit(git: Git, gitDir: string, name: string, signal: AbortSignal): Promise<CommitId> {
  const refs = await readPackedRefs(gitDir);
  for (const ref of [toBranchRef(name), toTagRef(name), isSafeRef(name) ? name : undefined]) {
    const id = ref === undefined ? undefined : refs.get(ref);
    if (id !== undefined) return orNotFound(await toCommit(git, gitDir, id, signal), name);
  }
  if (refs.size === 0) throw new Failure('REPO_EMPTY', { message: 'The repository has no commit yet.' });
  // Asked as an id and nothing else: every ref was looked at.
  return orNotFound(SHORT_ID.test(name) ? await toCommit(git, gitDir, name.toLowerCase(), signal) : undefined, name);
}

/** Whether the commit is there, as after a forced push it may not be any more. */
export async function hasCommit(git: Git, gitDir: string, commit: CommitId, signal: AbortSignal): Promise<boolean> {
  return isCommitId(commit) && (await toCommit(git, gitDir, commit, signal)) !== undefined;
}

async function toCommit(git: Git, gitDir: string, id: string, signal: AbortSignal): Promise<CommitId | undefined> {
  const args = ['rev-parse', '--verify', '--quiet', '--end-of-options', `${id}^{commit}`];
  try {
    const commit = (await runGit(git, { args, gitDir, signal })).trim().split('\n').at(-1) ?? '';
    return isCommitId(commit) ? commit : undefined;
  } catch (error) {
    // `--quiet` answers with 1 for a name that is nothing; damage is 128, as is an ambiguous or foreign object.
    if (error instanceof GitExitError && error.exit.ended === 'by-itself' && isNoCommit(error.exit)) return undefined;
    throw toMirrorFailure(error);
  }
}

function isNoCommit({ code, stderr }: GitExitError['exit']): boolean {
  return code === 1 || /ambiguous|expected commit type|Needed a single revision/.test(stderr);
}

function orNotFound(commit: CommitId | undefined, name: string): CommitId {
  if (commit !== undefined) return commit;
  throw new Failure('REF_NOT_FOUND', {
    message: `The repository has no branch, tag or commit named ${JSON.stringify(name.slice(0, 100))}.`,
  });
}
