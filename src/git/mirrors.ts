import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Git } from './context.ts';
import { tryWriterLock, withWriterLock } from './lock.ts';
import { discard, mirrorPath, readMark, removeLockFile } from './mirror-files.ts';

const LOCAL_SCRATCH_MS = 24 * 60 * 60 * 1000;

/** Deletes a repository's mirror, after the writer that may be at work. */
export async function removeMirror(git: Git, key: string, signal: AbortSignal): Promise<void> {
  await withWriterLock(git, key, signal, async () => {
    await discard(git, key, mirrorPath(git, key));
    await removeLockFile(git, key);
  });
}

/**
 * The janitor at start: removes what killed processes left (`tmp.*`, mirrors without a mark) and lock files without a mirror.
 * What a living writer of any process holds is left alone. Returns the names it removed.
 */
export async function cleanMirrors(git: Git): Promise<readonly string[]> {
  const removed: string[] = [];
  for (const name of await readdir(git.mirrorsDir)) {
    const key = /^tmp\.([A-Za-z0-9_-]+)\.[0-9a-f-]+$/.exec(name)?.[1] ?? /^([A-Za-z0-9_-]+)\.git$/.exec(name)?.[1];
    if (key === undefined) continue;
    await tryWriterLock(git, key, async () => {
      if (name.endsWith('.git') && (await readMark(join(git.mirrorsDir, name))) !== undefined) return;
      await rm(join(git.mirrorsDir, name), { recursive: true, force: true });
      removed.push(name);
    });
  }
  await removeIdleLocks(git);
  await removeOldScratch(git);
  return removed;
}

async function removeIdleLocks(git: Git): Promise<void> {
  const present = new Set(await readdir(git.mirrorsDir));
  for (const key of await readdir(join(git.mirrorsDir, 'locks'))) {
    if (!present.has(`${key}.git`)) await tryWriterLock(git, key, async () => removeLockFile(git, key));
  }
}

/** Repositories of the command line hold no lock; they live for one command. */
async function removeOldScratch(git: Git): Promise<void> {
  for (const name of await readdir(git.scratchDir)) {
    const path = join(git.scratchDir, name);
    const made = await stat(path).catch(() => undefined);
    if (made !== undefined && Date.now() - made.mtimeMs > LOCAL_SCRATCH_MS) await rm(path, { recursive: true, force: true });
  }
}
