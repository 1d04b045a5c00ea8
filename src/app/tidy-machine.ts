import { readdir, rm, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from 'pino';
import type { Database } from '#db/database.ts';
import type { Git } from '#git/context.ts';
import { cleanMirrors } from '#git/mirrors.ts';
import type { MirrorUse } from '#git/tidy.ts';
import { evictMirror, listMirrors } from '#git/tidy.ts';
import type { AppMeters } from '#observe/meters.ts';
import { listKnownIds } from '#repositories/store.ts';

export interface TidyDeps {
  readonly database: Database;
  readonly git: Git;
  readonly dataDir: string;
  readonly meters: Pick<AppMeters, 'cleaned' | 'mirrorsBytes'>;
  readonly log: Logger;
}

const HOUR_MS = 3_600_000;
/** A mirror that nothing was fetched into for so long makes room; it is made anew when something is. */
const IDLE_MS = 30 * 24 * HOUR_MS;
/** Longer than a run may take: one may still be read from. */
const MAYBE_READ_MS = 5 * HOUR_MS;
const UPLOAD_MS = 24 * HOUR_MS;
/** Below this share of the disk, or this much, mirrors go, least recently used first, until there is more again. */
const LITTLE_SHARE = 0.05;
const LITTLE_BYTES = 2 * 1024 ** 3;

/** Tidies the data folder of this machine: mirrors nobody needs or there is no room for, and what killed processes left. */
export async function tidyMachine(deps: TidyDeps): Promise<void> {
  const { git, dataDir, meters, log } = deps;
  const leftovers = await cleanMirrors(git);
  const uploads = await removeOldFolders(join(dataDir, 'uploads'), UPLOAD_MS);
  const mirrors = await listMirrors(git);
  const known = await listKnownIds(
    deps.database,
    mirrors.map(({ key }) => key),
  );
  const deleted = await evict(
    git,
    mirrors.filter(({ key }) => !known.has(key)),
  );
  const rest = mirrors.filter(({ key }) => known.has(key));
  const idle = await evict(
    git,
    rest.filter((mirror) => isUnused(mirror, IDLE_MS)),
  );
  const space = await makeRoom(
    git,
    dataDir,
    rest.filter((mirror) => isUnused(mirror, MAYBE_READ_MS) && !isUnused(mirror, IDLE_MS)),
  );
  const counts = { leftovers: leftovers.length, uploads, deleted, idle, space };
  for (const [why, count] of Object.entries(counts)) if (count > 0) meters.cleaned(why, count);
  if (Object.values(counts).some((count) => count > 0)) log.info(counts, 'tidied the data folder');
  meters.mirrorsBytes((await listMirrors(git)).reduce((sum, { bytes }) => sum + bytes, 0));
}

function isUnused({ usedAt }: MirrorUse, forMs: number): boolean {
  return Date.now() - usedAt.getTime() > forMs;
}

async function evict(git: Git, mirrors: readonly MirrorUse[]): Promise<number> {
  let evicted = 0;
  for (const { key } of mirrors) if (await evictMirror(git, key)) evicted++;
  return evicted;
}

async function makeRoom(git: Git, dataDir: string, mirrors: readonly MirrorUse[]): Promise<number> {
  let evicted = 0;
  for (const mirror of mirrors) {
    if (!(await isShortOfSpace(dataDir))) break;
    evicted += await evict(git, [mirror]);
  }
  return evicted;
}

async function isShortOfSpace(folder: string): Promise<boolean> {
  const { bavail, blocks, bsize } = await statfs(folder);
  return bavail * bsize < LITTLE_BYTES && bavail < blocks * LITTLE_SHARE;
}

/** Folders of uploads whose process is gone. */
async function removeOldFolders(parent: string, olderThanMs: number): Promise<number> {
  const names = await readdir(parent).catch(() => []);
  let removed = 0;
  for (const name of names) {
    const made = await stat(join(parent, name)).catch(() => undefined);
    if (made === undefined || Date.now() - made.mtimeMs <= olderThanMs) continue;
    await rm(join(parent, name), { recursive: true, force: true });
    removed++;
  }
  return removed;
}
