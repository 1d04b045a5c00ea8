import { createWriteStream, mkdirSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { dataDir } from '@electric-sql/pglite-prepopulatedfs';
import { extract } from 'tar-stream';

/** Unpacks the database folder that comes with PGlite, made by its own initdb for exactly this version. */
export async function unpackPreparedFolder(folder: string): Promise<void> {
  const blob = await dataDir();
  const entries = extract();
  const unpacking = writeEntries(entries, folder);
  await pipeline(Readable.fromWeb(blob.stream()), createGunzip(), entries);
  await unpacking;
}

async function writeEntries(entries: ReturnType<typeof extract>, folder: string): Promise<void> {
  for await (const entry of entries) {
    const path = join(folder, normalize(join('/', entry.header.name)));
    if (entry.header.type === 'directory') {
      mkdirSync(path, { recursive: true, mode: 0o700 });
      entry.resume();
      continue;
    }
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    await pipeline(entry, createWriteStream(path, { mode: 0o600 }));
  }
}
