import type { TreeFile } from '#domain/content.ts';
import { Failure } from '#domain/failure.ts';
import type { CommitId } from '#domain/words.ts';
import type { CatFile } from './cat-file.ts';
import type { Git } from './context.ts';
import { splitBatches } from './lines.ts';
import { buildListing, judgeEntries, skipReasonOfMode } from './listing.ts';
import { readGit } from './process.ts';
import type { ListOptions, TreeEntry, TreeListing } from './source.ts';
import { toPrefix } from './tree-path.ts';

/** `<mode> <type> <id> <size, padded, or ->\t<path>` */
const ENTRY = /^(\d{6}) \w+ ([0-9a-f]+) +(\d+|-)\t([^]*)$/;

/** Every entry of a commit, with sizes. Throws as `visitTree` does. */
export async function listTree(git: Git, gitDir: string, commit: CommitId, options: ListOptions): Promise<TreeListing> {
  const listing = buildListing(git.limits);
  await visitTree(git, gitDir, commit, options, listing.add);
  return listing.toListing();
}

/**
 * The same, one entry after the other as Git writes them: a tree of 10^10 entries in 200 KB ends at the limit, not when it is read.
 * Attributes, filters and modes have no part in it. Throws Failure TOO_LARGE or MIRROR_CORRUPT, or GitExitError for the caller to explain.
 */
export async function visitTree(
  git: Git,
  gitDir: string,
  commit: CommitId,
  { prefix, signal }: ListOptions,
  visit: (entry: TreeEntry) => void,
): Promise<void> {
  const folder = toPrefix(prefix);
  const args = ['ls-tree', '-r', '-z', '-l', '--full-tree', commit, ...(folder === undefined ? [] : ['--', folder])];
  const judge = judgeEntries(git.limits);
  for await (const records of splitBatches(readGit(git, { args, gitDir, signal, isBackground: folder === undefined }), '\0')) {
    for (const record of records) {
      const { mode, blobId, size, path } = readEntry(record);
      const skip = skipReasonOfMode(mode);
      visit(skip === undefined ? judge.file({ path, blobId, sizeBytes: Number(size) }) : judge.skipped(path, skip));
    }
  }
}

/** Throws Failure MIRROR_CORRUPT for an entry that is no such one: of an object that is not there Git writes the size as BAD, and ends well. */
function readEntry(record: string) {
  const [, mode, blobId, size, path] = ENTRY.exec(record) ?? [];
  if (mode === undefined || blobId === undefined || size === undefined || path === undefined)
    throw new Failure('MIRROR_CORRUPT', { message: 'The mirror lacks an object that a tree names.' });
  return { mode, blobId, size, path };
}

/** The file at a path, if it is a regular one. That there is none, as is most often, is asked of a running Git. */
export async function findFile(
  {
    git,
    gitDir,
    commit,
    openReader,
  }: { readonly git: Git; readonly gitDir: string; readonly commit: CommitId; readonly openReader: (signal: AbortSignal) => CatFile },
  path: string,
  signal: AbortSignal,
): Promise<TreeFile | undefined> {
  const isAskable = !path.includes('\n');
  if (isAskable && !(await openReader(signal).ask(`${commit}:${path}`, 'existence')).exists) return undefined;
  const { files } = await listTree(git, gitDir, commit, { prefix: path, signal });
  return files.find((file) => file.path === path);
}
