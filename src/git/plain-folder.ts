import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { lstat, readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { TreeFile } from '#domain/content.ts';
import { Failure } from '#domain/failure.ts';
import type { Git } from './context.ts';
import type { ListingBuilder } from './listing.ts';
import { buildListing, limitSizes } from './listing.ts';
import type { ContentSource, FileContent, TreeListing } from './source.ts';
import { toPrefix } from './tree-path.ts';

/** A folder without Git as a commit: its files as they lie there, links not followed. The id is made from paths and bytes, so the same content is the same commit. */
export async function openFolderSource(git: Git, root: string, signal: AbortSignal): Promise<ContentSource> {
  const listing = buildListing(git.limits);
  await walk(git, root, '', listing, signal);
  const { files, skipped } = listing.toListing();
  const sorted = files.toSorted((a, b) => Buffer.compare(Buffer.from(a.path), Buffer.from(b.path)));
  const commit = createHash('sha1')
    .update(sorted.map((file) => `${file.blobId} ${file.path}\n`).join(''))
    .digest('hex');
  return {
    commit,
    listFiles: async ({ prefix }) => within({ files: sorted, skipped }, toPrefix(prefix)),
    visitFiles: async ({ prefix }, visit) => {
      const { files: inside, skipped: left } = within({ files: sorted, skipped }, toPrefix(prefix));
      [...inside, ...left].forEach(visit);
    },
    findFile: async (path) => sorted.find((file) => file.path === path),
    readBlobs: (wanted, blobSignal) => readFiles(git, root, wanted, blobSignal),
  };
}

async function walk(git: Git, root: string, below: string, listing: ListingBuilder, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  const entries = await readdir(join(root, below), { withFileTypes: true });
  for (const entry of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = below === '' ? entry.name : `${below}/${entry.name}`;
    if (entry.name === '.git') continue;
    if (entry.isDirectory()) await walk(git, root, path, listing, signal);
    else if (entry.isSymbolicLink()) listing.addSkipped(path, 'symlink');
    else if (!entry.isFile()) listing.addSkipped(path, 'special-file');
    else listing.addFile(await toTreeFile(git, root, path));
  }
}

/** What is over the limit is listed with its size and never read. */
async function toTreeFile(git: Git, root: string, path: string): Promise<TreeFile> {
  const { size } = await lstat(join(root, path));
  if (size > git.limits.maxBlobBytes) return { path, blobId: '', sizeBytes: size };
  const bytes = await readPlainFile(join(root, path));
  return { path, blobId: blobIdOf(bytes), sizeBytes: bytes.length };
}

/** A link that took the file's place since it was listed is refused, not followed. */
async function readPlainFile(path: string): Promise<Buffer> {
  return readFile(path, { flag: constants.O_RDONLY | constants.O_NOFOLLOW });
}

/** Git's own id of a blob (git-hash-object(1)), so that a folder and its commit share what was parsed. */
export function blobIdOf(bytes: Uint8Array, algorithm: 'sha1' | 'sha256' = 'sha1'): string {
  return createHash(algorithm).update(`blob ${bytes.length}\0`).update(bytes).digest('hex');
}

/** Files below a folder, or the file itself. */
function within(listing: TreeListing, prefix: string | undefined): TreeListing {
  if (prefix === undefined) return listing;
  const isWithin = ({ path }: { readonly path: string }): boolean => path === prefix || path.startsWith(`${prefix}/`);
  return { files: listing.files.filter(isWithin), skipped: listing.skipped.filter(isWithin) };
}

async function* readFiles(
  git: Git,
  root: string,
  files: Iterable<TreeFile>,
  signal: AbortSignal,
): AsyncGenerator<FileContent, void, undefined> {
  const checkSize = limitSizes(git.limits);
  for (const file of files) {
    signal.throwIfAborted();
    checkSize(file);
    const bytes = await readPlainFile(join(root, file.path));
    if (blobIdOf(bytes) !== file.blobId)
      throw new Failure('CANCELLED', { message: `The file ${file.path} changed while the folder was read.`, help: 'Import it again.' });
    yield { file, bytes };
  }
}
