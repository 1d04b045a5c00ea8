import { Failure } from '#domain/failure.ts';
import type { CommitId } from '#domain/words.ts';
import type { CatFile } from './cat-file.ts';
import type { Git } from './context.ts';
import { tooLarge } from './failure.ts';
import { splitRecords } from './lines.ts';
import { buildListing, skipReasonOfMode } from './listing.ts';
import { readGit } from './process.ts';
import type { ListOptions, TreeDifference } from './source.ts';
import { toPrefix } from './tree-path.ts';

/** `:<old mode> <new mode> <old id> <new id> <status>`; the path is the next record. */
const CHANGE = /^:\d{6} (\d{6}) [0-9a-f]+ ([0-9a-f]+) ([A-Z])/;

interface Change {
  readonly path: string;
  readonly mode: string;
  readonly blobId: string;
}

/** What differs between two commits' trees, renames as removed and added. Throws as `listTree` does. */
export async function diffTrees(
  git: Git,
  gitDir: string,
  { from, to }: { readonly from: CommitId; readonly to: CommitId },
  options: ListOptions,
  openReader: (signal: AbortSignal) => CatFile,
): Promise<TreeDifference> {
  const removed: string[] = [];
  const present: Change[] = [];
  for await (const change of readChanges(git, gitDir, from, to, options)) {
    if (removed.length + present.length >= git.limits.maxEntries) {
      throw tooLarge('Too many files changed', 'TRIBUTARY_MAX_ENTRIES', git.limits.maxEntries);
    }
    if (change.mode === '000000') removed.push(change.path);
    else present.push(change);
  }
  const listing = buildListing(git.limits);
  const sizes = await sizesOf(openReader(options.signal), present);
  for (const { path, mode, blobId } of present) {
    const skip = skipReasonOfMode(mode);
    if (skip === undefined) listing.addFile({ path, blobId, sizeBytes: sizes.get(blobId) ?? 0 });
    else listing.addSkipped(path, skip);
  }
  const { files, skipped } = listing.toListing();
  // What became a symlink or grew over the limit holds no file any more.
  return { changed: files, removed: [...removed, ...skipped.map(({ path }) => path)], skipped };
}

async function* readChanges(
  git: Git,
  gitDir: string,
  from: CommitId,
  to: CommitId,
  { prefix, signal }: ListOptions,
): AsyncGenerator<Change, void, undefined> {
  const folder = toPrefix(prefix);
  const paths = folder === undefined ? [] : ['--', `${folder}/`];
  const args = ['diff-tree', '-r', '-z', '--raw', '--no-renames', '--no-abbrev', '--no-ext-diff', from, to, ...paths];
  let head: RegExpExecArray | undefined;
  for await (const record of splitRecords(readGit(git, { args, gitDir, signal }), '\0')) {
    if (head === undefined) {
      head = CHANGE.exec(record) ?? undefined;
      if (head === undefined) throw new Failure('INTERNAL', { message: 'Git answered a comparison in an unknown form.' });
      continue;
    }
    yield { path: record, mode: head[1] ?? '', blobId: head[2] ?? '' };
    head = undefined;
  }
}

async function sizesOf(reader: CatFile, changes: readonly Change[]): Promise<ReadonlyMap<string, number>> {
  const ids = new Set(changes.filter(({ mode }) => skipReasonOfMode(mode) === undefined).map(({ blobId }) => blobId));
  if (ids.size === 0) return new Map();
  try {
    // All asked at once: an answer is a line, so what waits is small.
    return new Map(await Promise.all([...ids].map(async (id) => [id, (await reader.ask(id, 'size')).sizeBytes] as const)));
  } finally {
    await reader.close();
  }
}
