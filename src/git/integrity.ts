import { isFailure } from '#domain/failure.ts';
import type { Git } from './context.ts';
import { GitExitError } from './exit.ts';
import { toMirrorFailure } from './failure.ts';
import { removeMark } from './mirror-files.ts';
import { readGit } from './process.ts';

/** Whether a mirror has lost or changed objects. Reads all of it: only for when something failed that should not. */
export async function isDamaged(git: Git, dir: string, signal: AbortSignal): Promise<boolean> {
  const args = ['fsck', '--full', '--no-dangling', '--no-progress', '--no-reflogs'];
  try {
    for await (const _ of readGit(git, { args, gitDir: dir, signal })) {
      // Only whether it finds something matters.
    }
    return false;
  } catch (error) {
    if (error instanceof GitExitError && error.exit.ended === 'by-itself') return true;
    throw toMirrorFailure(error);
  }
}

/** For errors of reading a mirror: damage takes its mark away, so that the next update makes it anew. */
export async function distrustOnDamage(dir: string, error: unknown): Promise<unknown> {
  const failure = toMirrorFailure(error);
  if (isFailure(failure) && failure.code === 'MIRROR_CORRUPT') await removeMark(dir);
  return failure;
}
