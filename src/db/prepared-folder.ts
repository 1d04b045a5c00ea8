import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { dataDir } from '@electric-sql/pglite-prepopulatedfs';
import { extract } from 'tar-stream';

/** Unpacks the database folder that comes with PGlite, made by its own initdb for exactly this version. */
export async function unpackPreparedFolder(folder: string): Promise<void> {
  const blob = await dataDir();
  await writeEntries(await promisify(gunzip)(await blob.arrayBuffer()), folder);
}

/**
 * Whole files at once, from an archive that is in memory (40 MB, gone before the database is opened): a stream for each of its thousand
 * files took a second of processor time, this takes a third of it.
 */
async function writeEntries(archive: Buffer, folder: string): Promise<void> {
  const entries = extract();
  entries.end(archive);
  const made = new Set<string>();
  const make = (path: string): void => {
    if (!made.has(path)) mkdirSync(path, { recursive: true, mode: 0o700 });
    made.add(path);
  };
  for await (const entry of entries) {
    const path = join(folder, normalize(join('/', entry.header.name)));
    if (entry.header.type === 'directory') {
      make(path);
      entry.resume();
      continue;
    }
    make(dirname(path));
    writeFileSync(path, await buffer(entry), { mode: 0o600 });
  }
}
