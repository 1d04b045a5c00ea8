import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Pack } from 'tar-stream';
import { pack } from 'tar-stream';
import type { TreeFile } from '#domain/content.ts';
import type { ContentSource } from '#git/source.ts';

/** The files as a tar stream that is made while it is read: a folder may be larger than memory. */
export function packFiles(source: ContentSource, files: readonly TreeFile[], signal: AbortSignal): Readable {
  const tar = pack();
  writeEntries(tar, source, files, signal).then(
    () => tar.finalize(),
    (error: unknown) => tar.destroy(error instanceof Error ? error : new Error(String(error))),
  );
  return Readable.from(tar);
}

async function writeEntries(tar: Pack, source: ContentSource, files: readonly TreeFile[], signal: AbortSignal): Promise<void> {
  for await (const { file, bytes } of source.readBlobs(files, signal)) {
    const entry = tar.entry({ name: file.path, size: bytes.byteLength, mode: 0o600 });
    // Waits until the reader has taken it.
    await pipeline(Readable.from([bytes]), entry);
  }
}
