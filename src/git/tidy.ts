import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Git } from './context.ts';
import { tryWriterLock } from './lock.ts';
import { discard, measurePacks, mirrorPath, removeLockFile } from './mirror-files.ts';

export interface MirrorUse {
  readonly key: string;
  /** When it was last fetched into: its configuration is written anew each time. */
  readonly usedAt: Date;
  /** Of its packs, which is nearly all of it. */
  readonly bytes: number;
}

/** The mirrors of this machine, least recently used first. */
export async function listMirrors(git: Git): Promise<readonly MirrorUse[]> {
  const keys = (await readdir(git.mirrorsDir)).flatMap((name) => /^([A-Za-z0-9_-]+)\.git$/.exec(name)?.[1] ?? []);
  const mirrors = await Promise.all(keys.map((key) => measure(git, key)));
  return mirrors.filter((mirror) => mirror !== undefined).toSorted((a, b) => a.usedAt.getTime() - b.usedAt.getTime());
}

/** undefined for one that goes away meanwhile. */
async function measure(git: Git, key: string): Promise<MirrorUse | undefined> {
  const dir = mirrorPath(git, key);
  try {
    const [{ mtime }, { bytes }] = await Promise.all([stat(join(dir, 'config')), measurePacks(dir)]);
    return { key, usedAt: mtime, bytes };
  } catch {
    return undefined;
  }
}

/** Deletes a mirror that nobody writes at the moment; the next sync makes it anew. False when somebody does. */
export async function evictMirror(git: Git, key: string): Promise<boolean> {
  const evicted = await tryWriterLock(git, key, async () => {
    await discard(git, key, mirrorPath(git, key));
    await removeLockFile(git, key);
    return true;
  });
  return evicted ?? false;
}
