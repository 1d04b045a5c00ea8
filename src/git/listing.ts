import type { TreeFile } from '#domain/content.ts';
import type { GitLimits } from './context.ts';
import { tooLarge } from './failure.ts';
import type { SkippedEntry, SkipReason, TreeEntry, TreeListing } from './source.ts';
import { pathProblem } from './tree-path.ts';

export interface ListingBuilder {
  /** An entry that was judged. */
  readonly add: (entry: TreeEntry) => void;
  addFile(file: TreeFile): void;
  addSkipped(path: string, reason: SkipReason): void;
  toListing(): TreeListing;
}

/** Judges entries one by one: a file that may be read, or why not. Throws TOO_LARGE at the first entry too many. */
export interface EntryJudge {
  file(file: TreeFile): TreeEntry;
  skipped(path: string, reason: SkipReason): SkippedEntry;
}

export function judgeEntries({ maxEntries, maxBlobBytes }: GitLimits): EntryJudge {
  let entries = 0;
  const count = (): void => {
    if (entries >= maxEntries) throw tooLarge('The commit has too many files', 'TRIBUTARY_MAX_ENTRIES', maxEntries);
    entries += 1;
  };
  return {
    file(file) {
      count();
      const problem = pathProblem(file.path);
      if (problem !== undefined) return { path: file.path, reason: problem };
      return file.sizeBytes > maxBlobBytes ? { path: file.path, reason: 'too-large', sizeBytes: file.sizeBytes } : file;
    },
    skipped(path, reason) {
      count();
      return { path, reason: pathProblem(path) ?? reason };
    },
  };
}

/** Sorts entries into files and skipped ones. */
export function buildListing(limits: GitLimits): ListingBuilder {
  const files: TreeFile[] = [];
  const skipped: SkippedEntry[] = [];
  const judge = judgeEntries(limits);
  const add = (entry: TreeEntry): void => {
    if (isSkipped(entry)) skipped.push(entry);
    else files.push(entry);
  };
  return {
    add,
    addFile: (file) => add(judge.file(file)),
    addSkipped: (path, reason) => add(judge.skipped(path, reason)),
    toListing: () => ({ files, skipped }),
  };
}

export function isSkipped(entry: TreeEntry): entry is SkippedEntry {
  return 'reason' in entry;
}

/** Checks files about to be read, one by one; throws TOO_LARGE for one that is over the limit, or with which all of them are. */
export function limitSizes(limits: GitLimits): (file: TreeFile) => void {
  let totalBytes = 0;
  return ({ path, sizeBytes }) => {
    totalBytes += sizeBytes;
    if (sizeBytes > limits.maxBlobBytes) {
      throw tooLarge(`The file ${path} has ${sizeBytes} bytes`, 'TRIBUTARY_MAX_BLOB_BYTES', limits.maxBlobBytes);
    }
    if (totalBytes > limits.maxImportBytes) {
      throw tooLarge('The files to import are too large together', 'TRIBUTARY_MAX_IMPORT_BYTES', limits.maxImportBytes);
    }
  };
}

/** What an entry's mode says (git-fast-import(1)): undefined for a regular file, executable or not. */
export function skipReasonOfMode(mode: string): SkipReason | undefined {
  if (mode.startsWith('100')) return undefined;
  if (mode === '120000') return 'symlink';
  return mode === '160000' ? 'submodule' : 'special-file';
}
