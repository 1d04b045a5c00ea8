import { open, readFile, readdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { CommitId } from '#domain/words.ts';
import { isCommitId } from '#domain/words.ts';

/**
 * The refs of a mirror are its `packed-refs` file and nothing else (gitrepository-layout(5)). Written by us, so that all of them
 * change in one rename: no half-updated set, no lock file left by a killed Git, no directory in the way of `feature/x`.
 */
export function formatPackedRefs(refs: ReadonlyMap<string, CommitId>): string {
  // By code point as by byte: the order that `sorted` promises.
  const lines = [...refs].toSorted(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b))).map(([ref, id]) => `${id} ${ref}\n`);
  return `# pack-refs with: sorted\n${lines.join('')}`;
}

export function parsePackedRefs(text: string): ReadonlyMap<string, CommitId> {
  const refs = new Map<string, CommitId>();
  for (const line of text.split('\n')) {
    const space = line.indexOf(' ');
    const id = line.slice(0, space);
    // Comments and `^<peeled>` lines have no id before the first space.
    if (isCommitId(id)) refs.set(line.slice(space + 1), id);
  }
  return refs;
}

/** Refs of a repository that keeps them packed; none when there is no such file. */
export async function readPackedRefs(gitDir: string): Promise<ReadonlyMap<string, CommitId>> {
  try {
    return parsePackedRefs(await readFile(join(gitDir, 'packed-refs'), 'utf8'));
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return new Map();
    throw error;
  }
}

/**
 * All refs of a repository that Git has written to: packed ones, and over them those in files of their own. For repositories that nobody writes
 * to meanwhile. Throws where one is something else than an id, as a symbolic ref is.
 */
export async function readAllRefs(gitDir: string): Promise<ReadonlyMap<string, CommitId>> {
  const refs = new Map(await readPackedRefs(gitDir));
  for await (const [ref, id] of looseRefs(Buffer.from(join(gitDir, 'refs')), 'refs')) {
    if (!isCommitId(id)) throw new Error(`the ref ${JSON.stringify(ref)} holds no id`);
    refs.set(ref, id);
  }
  return refs;
}

/** Names are bytes: one that is no text must be found again on the disk. */
async function* looseRefs(folder: Buffer, name: string): AsyncGenerator<readonly [string, string]> {
  for (const entry of await readdir(folder, { encoding: 'buffer', withFileTypes: true })) {
    const ref = `${name}/${entry.name.toString()}`;
    const path = Buffer.concat([folder, SLASH, entry.name]);
    if (entry.isDirectory()) yield* looseRefs(path, ref);
    else yield [ref, (await readFile(path, 'latin1')).trimEnd()];
  }
}

const SLASH = Buffer.from('/');

/** Replaces all refs at once; durable when it returns. Nothing is written when nothing changed: most looks find nothing new. */
export async function writePackedRefs(gitDir: string, refs: ReadonlyMap<string, CommitId>): Promise<void> {
  const text = formatPackedRefs(refs);
  const present = await readFile(join(gitDir, 'packed-refs'), 'utf8').catch(() => undefined);
  if (present === text) return;
  const draft = join(gitDir, 'packed-refs.new');
  await writeDurably(draft, text);
  await rename(draft, join(gitDir, 'packed-refs'));
  await syncFolder(gitDir);
}

export async function writeDurably(path: string, text: string): Promise<void> {
  const file = await open(path, 'w', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Makes renames within a folder survive a loss of power. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
