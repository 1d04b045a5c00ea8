import type { TreeFile } from '#domain/content.ts';
import type { CommitId } from '#domain/words.ts';

export type SkipReason = 'symlink' | 'submodule' | 'too-large' | 'too-long' | 'bad-name' | 'not-utf8' | 'special-file';

/** An entry of a commit that is never read, and why. */
export interface SkippedEntry {
  /** As far as it can be shown: not UTF-8 becomes U+FFFD. */
  readonly path: string;
  readonly reason: SkipReason;
  /** Of a file over the limit of TRIBUTARY_MAX_BLOB_BYTES. */
  readonly sizeBytes?: number | undefined;
}

export interface TreeListing {
  /** Regular files, in the order of their paths as bytes. */
  readonly files: readonly TreeFile[];
  readonly skipped: readonly SkippedEntry[];
}

/** An entry of a commit: a regular file, or one that is never read. */
export type TreeEntry = TreeFile | SkippedEntry;

export interface TreeDifference {
  /** Added or modified regular files; a change of mode alone counts as a change. */
  readonly changed: readonly TreeFile[];
  /** Paths that hold no regular file any more. */
  readonly removed: readonly string[];
  readonly skipped: readonly SkippedEntry[];
}

export interface ListOptions {
  /** A folder, relative to the root; without it everything. */
  readonly prefix?: string | undefined;
  readonly signal: AbortSignal;
}

export interface FileContent {
  readonly file: TreeFile;
  readonly bytes: Uint8Array;
}

/** One commit's content, wherever it is: a mirror, a local repository, a plain folder. Nothing is ever checked out. */
export interface ContentSource {
  readonly commit: CommitId;
  /** Throws Failure TOO_LARGE when there are more entries than TRIBUTARY_MAX_ENTRIES. */
  listFiles(options: ListOptions): Promise<TreeListing>;
  /** The same, one entry after the other: a commit of a million files is never in memory. */
  visitFiles(options: ListOptions, visit: (entry: TreeEntry) => void): Promise<void>;
  /** The file at a path; undefined where there is none, or something else. */
  findFile(path: string, signal: AbortSignal): Promise<TreeFile | undefined>;
  /** From another commit to this one. Absent where there is no history. Throws Failure REF_NOT_FOUND when `from` is not there. */
  diffFiles?(from: CommitId, options: ListOptions): Promise<TreeDifference>;
  /**
   * The files' bytes, exactly as committed, in the order asked for; reads no further ahead than a few MiB.
   * Throws Failure TOO_LARGE past TRIBUTARY_MAX_BLOB_BYTES for one file or TRIBUTARY_MAX_IMPORT_BYTES in sum.
   */
  readBlobs(files: Iterable<TreeFile>, signal: AbortSignal): AsyncIterable<FileContent>;
}
