import { lstat, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TreeFile } from '#domain/content.ts';
import type { Git } from './context.ts';
import { GitExitError } from './exit.ts';
import { blobIdOf } from './plain-folder.ts';
import { readGit } from './process.ts';
import type { TreeListing } from './source.ts';

/**
 * Whether a work tree differs from the commit: a tracked file that is changed or gone, or a new one that is not ignored. Compared
 * here and not by `git status`, which would run filters and monitors that the repository configures.
 */
export async function isDirty(git: Git, gitDir: string, root: string, committed: TreeListing, signal: AbortSignal): Promise<boolean> {
  for (const file of committed.files) {
    signal.throwIfAborted();
    if (await differs(root, file)) return true;
  }
  return hasUntracked(git, gitDir, root, signal);
}

/** The size first: most changes show in it. */
async function differs(root: string, { path, blobId, sizeBytes }: TreeFile): Promise<boolean> {
  const file = join(root, path);
  const entry = await lstat(file).catch(() => undefined);
  if (entry?.isFile() !== true || entry.size !== sizeBytes) return true;
  return blobIdOf(await readFile(file), blobId.length === 64 ? 'sha256' : 'sha1') !== blobId;
}

async function hasUntracked(git: Git, gitDir: string, root: string, signal: AbortSignal): Promise<boolean> {
  const workTree = { dir: root, indexFile: join(gitDir, 'index') };
  const args = ['-c', 'core.fsmonitor=false', 'ls-files', '--others', '--exclude-standard', '-z'];
  try {
    for await (const chunk of readGit(git, { args, gitDir, workTree, signal })) if (chunk.length > 0) return true;
    return false;
  } catch (error) {
    // An index that cannot be read says nothing of what is committed.
    if (error instanceof GitExitError) return false;
    throw error;
  }
}
