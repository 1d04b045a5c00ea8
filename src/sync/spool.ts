import { createWriteStream, mkdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { extract } from 'tar-stream';
import { v7 as newId } from 'uuid';
import { Failure, toFailure } from '#domain/failure.ts';

export interface SpoolLimits {
  readonly maxEntries: number;
  readonly maxBlobBytes: number;
  readonly maxImportBytes: number;
}

/** The files of a folder as they were sent here, in a folder of their own. */
export interface Spool {
  readonly folder: string;
  readonly files: number;
  /** Removes it; safe to call twice. */
  readonly discard: () => void;
}

/** Longest path and deepest nesting that content may have (SECURITY.md T06). */
const MOST_PATH_BYTES = 1_024;
const MOST_DEPTH = 64;

/**
 * Writes the plain files of a tar stream below `<spoolDir>/<id>`. A name that leaves the folder, or anything but a plain file or
 * directory, is refused with CONTENT_INVALID; a limit passed is TOO_LARGE, a full disk STORAGE_FULL. Nothing stays behind when it fails.
 */
export async function spoolTar(tar: Readable, spoolDir: string, limits: SpoolLimits, signal: AbortSignal): Promise<Spool> {
  const folder = join(spoolDir, newId());
  const discard = (): void => rmSync(folder, { recursive: true, force: true });
  const entries = extract();
  let writing: Promise<number> | undefined;
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    writing = writeEntries(entries, folder, limits);
    // Both are awaited; this keeps the second failure of one cause from being nobody's.
    writing.catch(() => undefined);
    await pipeline(tar, limitBytes(limits.maxImportBytes), entries, { signal });
    return { folder, files: await writing, discard };
  } catch (error) {
    // Of the two failures the one of writing says why; the other one's reader only went away.
    const cause: unknown = await writing?.then(
      () => error,
      (reason: unknown) => reason,
    );
    discard();
    const failure = toFailure(cause ?? error);
    throw failure.code === 'STORAGE_FULL' ? failure : error;
  }
}

async function writeEntries(entries: ReturnType<typeof extract>, folder: string, limits: SpoolLimits): Promise<number> {
  let files = 0;
  for await (const entry of entries) {
    const { name, type, size } = entry.header;
    if (type === 'directory') {
      entry.resume();
      continue;
    }
    if (type !== 'file') throw invalid(`"${name}" is not a plain file.`);
    if (++files > limits.maxEntries) throw tooLarge(`more than ${limits.maxEntries} files`, 'TRIBUTARY_MAX_ENTRIES');
    const path = join(folder, safePath(name));
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    // A file over the blob limit is a problem of that file, told by the import: a stand-in of the same size costs nothing.
    await pipeline(entry, cutAt(limits.maxBlobBytes + 1, size), createWriteStream(path, { mode: 0o600, flags: 'wx' }));
  }
  return files;
}

function safePath(name: string): string {
  const parts = name.split('/');
  const bad = parts.some((part) => part === '' || part === '.' || part === '..' || part.toLowerCase() === '.git');
  if (bad || /[\p{Cc}\\]/u.test(name) || Buffer.byteLength(name) > MOST_PATH_BYTES || parts.length > MOST_DEPTH) {
    throw invalid(`The name ${JSON.stringify(name.slice(0, 200))} is not a path that content may have.`);
  }
  return name;
}

function limitBytes(most: number): Transform {
  let bytes = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      done(bytes > most ? tooLarge(`more than ${most} bytes`, 'TRIBUTARY_MAX_IMPORT_BYTES') : null, chunk);
    },
  });
}

function cutAt(most: number, size: number): Transform {
  let left = Math.min(most, size);
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      const kept = chunk.subarray(0, left);
      left -= kept.length;
      done(null, kept);
    },
  });
}

function invalid(message: string): Failure {
  return new Failure('CONTENT_INVALID', { message, help: 'Send plain files under relative paths.' });
}

function tooLarge(what: string, variable: string): Failure {
  return new Failure('TOO_LARGE', { message: `The folder holds ${what} (${variable}).` });
}
