import type { TreeFile } from '#domain/content.ts';
import type { GitLimits } from './context.ts';
import { tooLarge } from './failure.ts';
import type { SkippedEntry, SkipReason, TreeListing } from './source.ts';
import { pathProblem } from './tree-path.ts';

export interface ListingBuilder {
  addFile(file: TreeFile): void;
  addSkipped(path: string, reason: SkipReason): void;
  toListing(): TreeListing;
}

/** Sorts entries into files and skipped ones under the limits; throws TOO_LARGE at the first entry too many. */
export function buildListing(limits: GitLimits): ListingBuilder {
  const files: TreeFile[] = [];
  const skipped: SkippedEntry[] = [];
  const count = (): void => {
    if (files.length + skipped.length >= limits.maxEntries) {
      throw tooLarge('The commit has too many files', 'TRIBUTARY_MAX_ENTRIES', limits.maxEntries);
    }
  };
  return {
    addFile(file) {
      count();
      const problem = pathProblem(file.path);
      if (problem !== undefined) skipped.push({ path: file.path, reason: problem });
      else if (file.sizeBytes > limits.maxBlobBytes) skipped.push({ path: file.path, reason: 'too-large', sizeBytes: file.sizeBytes });
      else files.push(file);
    },
    addSkipped(path, reason) {
      count();
      skipped.push({ path, reason: pathProblem(path) ?? reason });
    },
    toListing: () => ({ files, skipped }),
  };
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
