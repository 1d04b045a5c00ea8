import { lstat, readFile, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { Failure } from '#domain/failure.ts';
import { isCommitId } from '#domain/words.ts';
import type { CommitId } from '#domain/words.ts';
import { createSharedCatFile } from './cat-file.ts';
import type { Git } from './context.ts';
import { diffTrees } from './diff-files.ts';
import { GitExitError } from './exit.ts';
import { toLocalFailure } from './failure.ts';
import { findFile, listTree, visitTree } from './list-files.ts';
import { isDirty } from './local-changes.ts';
import { openFolderSource } from './plain-folder.ts';
import { readGit } from './process.ts';
import { readContents } from './read-blobs.ts';
import { hasCommit, noCommit } from './resolve.ts';
import type { ContentSource } from './source.ts';

/** A folder of this machine as a commit. `dirty` only for a work tree: it differs from the commit that is read. */
export interface LocalSource extends ContentSource {
  readonly dirty?: boolean;
}

/**
 * A folder that is a Git repository is read at its HEAD, any other as it lies there, as a commit made from its bytes. Nothing of the
 * repository's own configuration is let run: only plumbing that reads objects is called on it, with hooks, filters and monitors out of reach.
 * Throws Failure REPO_NOT_FOUND (no such folder), REPO_EMPTY (no commit yet), TOO_LARGE.
 */
export async function openLocalSource(git: Git, folder: string, signal: AbortSignal): Promise<LocalSource> {
  const root = resolve(folder);
  const found = await stat(root).catch(() => undefined);
  if (found?.isDirectory() !== true)
    throw new Failure('REPO_NOT_FOUND', { message: `There is no folder ${root}.`, help: 'Check the path.' });
  const gitDir = await findGitDir(root);
  if (gitDir === undefined) return openFolderSource(git, root, signal);
  const commit = await readHead(git, gitDir, root, signal);
  const openReader = createSharedCatFile(git, gitDir);
  const source: ContentSource = {
    commit,
    listFiles: async (options) => explained(() => listTree(git, gitDir, commit, options)),
    visitFiles: async (options, visit) => explained(() => visitTree(git, gitDir, commit, options, visit)),
    diffFiles: async (from, options) => {
      if (!(await hasCommit(git, gitDir, from, options.signal))) throw noCommit(from);
      return explained(() => diffTrees(git, gitDir, { from, to: commit }, options, openReader));
    },
    findFile: async (path, findSignal) => explained(() => findFile({ git, gitDir, commit, openReader }, path, findSignal)),
    async *readBlobs(files, blobSignal) {
      try {
        yield* readContents(git, gitDir, files, blobSignal, openReader);
      } catch (error) {
        throw toLocalFailure(error);
      }
    },
  };
  return gitDir === root ? source : { ...source, dirty: await isDirty(git, gitDir, root, await source.listFiles({ signal }), signal) };
}

async function explained<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw toLocalFailure(error);
  }
}

/** `.git` as a folder, or as the file that worktrees and submodules have; or the folder itself, when it is bare. */
async function findGitDir(root: string): Promise<string | undefined> {
  const dotGit = join(root, '.git');
  const entry = await lstat(dotGit).catch(() => undefined);
  if (entry?.isDirectory() === true) return dotGit;
  if (entry?.isFile() === true) {
    const target = /^gitdir: (.+)$/m.exec(await readFile(dotGit, 'utf8'))?.[1];
    return target === undefined ? undefined : resolve(root, target);
  }
  const parts = await Promise.all(['HEAD', 'objects', 'refs'].map((name) => stat(join(root, name)).catch(() => undefined)));
  return parts.every((part) => part !== undefined) && basename(root) !== '' ? root : undefined;
}

async function readHead(git: Git, gitDir: string, root: string, signal: AbortSignal): Promise<CommitId> {
  try {
    let text = '';
    for await (const chunk of readGit(git, { args: ['rev-parse', '--verify', '--end-of-options', 'HEAD^{commit}'], gitDir, signal }))
      text += chunk.toString('latin1');
    const commit = text.trim();
    if (isCommitId(commit)) return commit;
  } catch (error) {
    if (!(error instanceof GitExitError)) throw error;
  }
  throw new Failure('REPO_EMPTY', { message: `The repository in ${root} has no commit yet.` });
}
