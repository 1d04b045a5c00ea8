import { Failure } from '#domain/failure.ts';
import type { TreeFile } from '#domain/content.ts';
import type { CommitId } from '#domain/words.ts';
import { isCommitId } from '#domain/words.ts';
import { createSharedCatFile } from './cat-file.ts';
import type { CommitInfo } from './commit-info.ts';
import { isAncestorOf, readCommitInfo } from './commit-info.ts';
import type { Git } from './context.ts';
import { GitExitError } from './exit.ts';
import { diffTrees } from './diff-files.ts';
import { distrustOnDamage } from './integrity.ts';
import { findFile, listTree, visitTree } from './list-files.ts';
import { mirrorPath, readMark } from './mirror-files.ts';
import { readContents } from './read-blobs.ts';
import { hasCommit, noCommit, resolveCommit } from './resolve.ts';
import type { ContentSource, FileContent, ListOptions, TreeDifference, TreeEntry, TreeListing } from './source.ts';
import type { MirrorUpdate, UpdateRequest } from './update-mirror.ts';
import { updateMirror } from './update-mirror.ts';

/**
 * The local copy of one repository: bare, with all branches and tags, never checked out. Reading needs an update before it, by this
 * process or another; a mirror that is missing, unfinished or damaged is MIRROR_CORRUPT, and the next update makes it anew.
 */
export interface Mirror {
  readonly key: string;
  update(request: UpdateRequest): Promise<MirrorUpdate>;
  /** Branch, tag, full ref or commit id. Throws Failure REPO_EMPTY, REF_NOT_FOUND. */
  resolve(name: string, signal: AbortSignal): Promise<CommitId>;
  has(commit: CommitId, signal: AbortSignal): Promise<boolean>;
  /** Whether `a` is an ancestor of `b`, or the same. */
  isAncestor(a: CommitId, b: CommitId, signal: AbortSignal): Promise<boolean>;
  commitInfo(commit: CommitId, signal: AbortSignal): Promise<CommitInfo>;
  listFiles(commit: CommitId, options: ListOptions): Promise<TreeListing>;
  visitFiles(commit: CommitId, options: ListOptions, visit: (entry: TreeEntry) => void): Promise<void>;
  /** Throws Failure REF_NOT_FOUND when one of the commits is not there, as after a forced push. */
  diffFiles(from: CommitId, to: CommitId, options: ListOptions): Promise<TreeDifference>;
  readBlobs(files: Iterable<TreeFile>, signal: AbortSignal): AsyncGenerator<FileContent, void, undefined>;
  /** One commit, in the form that a local folder has too. */
  at(commit: CommitId): ContentSource & Required<Pick<ContentSource, 'diffFiles'>>;
}

/** Names a mirror; touches nothing. `key` is the repository's id. */
export function openMirror(git: Git, { key }: { readonly key: string }): Mirror {
  const dir = mirrorPath(git, key);
  const openReader = createSharedCatFile(git, dir);
  const mirror: Mirror = {
    key,
    update: async (request) => updateMirror(git, key, request),
    resolve: async (name, signal) => read(git, dir, [], signal, async () => resolveCommit(git, dir, name, signal)),
    has: async (commit, signal) => read(git, dir, [], signal, async () => hasCommit(git, dir, commit, signal)),
    isAncestor: async (a, b, signal) => read(git, dir, [a, b], signal, async () => isAncestorOf(git, dir, { a, b }, signal, openReader)),
    commitInfo: async (commit, signal) => read(git, dir, [commit], signal, async () => readCommitInfo(git, dir, commit, signal)),
    listFiles: async (commit, options) => read(git, dir, [commit], options.signal, async () => listTree(git, dir, commit, options)),
    visitFiles: async (commit, options, visit) =>
      read(git, dir, [commit], options.signal, async () => visitTree(git, dir, commit, options, visit)),
    diffFiles: async (from, to, options) =>
      read(git, dir, [from, to], options.signal, async () => diffTrees(git, dir, { from, to }, options, openReader)),
    async *readBlobs(files, signal) {
      try {
        await requireComplete(dir);
        yield* readContents(git, dir, files, signal, openReader);
      } catch (error) {
        throw await distrustOnDamage(dir, error);
      }
    },
    at: (commit) => ({
      commit,
      listFiles: async (options) => mirror.listFiles(commit, options),
      visitFiles: async (options, visit) => mirror.visitFiles(commit, options, visit),
      diffFiles: async (from, options) => mirror.diffFiles(from, commit, options),
      findFile: async (path, signal) =>
        read(git, dir, [commit], signal, async () => findFile({ git, gitDir: dir, commit, openReader }, path, signal)),
      readBlobs: (files, signal) => mirror.readBlobs(files, signal),
    }),
  };
  return mirror;
}

/** Reads at known commits. Whether these are there is asked only when something fails: it would cost a process on every call. */
async function read<T>(git: Git, dir: string, commits: readonly CommitId[], signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  // No other string ever gets into an argument.
  const malformed = commits.find((commit) => !isCommitId(commit));
  if (malformed !== undefined) throw noCommit(malformed);
  try {
    await requireComplete(dir);
    return await work();
  } catch (error) {
    if (error instanceof GitExitError && error.exit.ended === 'by-itself') {
      for (const commit of commits) if (!(await hasCommit(git, dir, commit, signal))) throw noCommit(commit);
    }
    throw await distrustOnDamage(dir, error);
  }
}

async function requireComplete(dir: string): Promise<void> {
  if ((await readMark(dir)) !== undefined) return;
  throw new Failure('MIRROR_CORRUPT', { message: 'The local mirror of the repository is missing, unfinished or damaged.' });
}
