import { mkdir, readFile, readdir, rename, rm, stat, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { v4 as uuid } from 'uuid';
import type { Git } from './context.ts';
import { lockPath } from './lock.ts';
import { syncFolder, writeDurably } from './packed-refs.ts';

export type ObjectFormat = 'sha1' | 'sha256';

/** What the marker of a complete mirror says. */
export interface MirrorMark {
  /** Size of all packs when they were last made into one. */
  readonly packedBytes: number;
}

const MARK = 'tributary-complete.json';
const KEY = /^[A-Za-z0-9][A-Za-z0-9_-]{0,127}$/;

export function mirrorPath(git: Git, key: string): string {
  if (!KEY.test(key)) throw new Error(`not a mirror key: ${JSON.stringify(key)}`);
  return join(git.mirrorsDir, `${key}.git`);
}

/** A name beside the mirrors that nothing takes for one, on the same file system, so that a rename promotes it. */
export function temporaryPath(git: Git, key: string): string {
  return join(git.mirrorsDir, `tmp.${key}.${uuid()}`);
}

/** A bare repository with our configuration and no object, made without a process. */
export async function writeSkeleton(dir: string, format: ObjectFormat, alternate?: string): Promise<void> {
  await mkdir(join(dir, 'objects', 'pack'), { recursive: true, mode: 0o700 });
  await mkdir(join(dir, 'objects', 'info'), { mode: 0o700 });
  await mkdir(join(dir, 'refs', 'heads'), { recursive: true, mode: 0o700 });
  if (alternate !== undefined) await writeFile(join(dir, 'objects', 'info', 'alternates'), `${quoteAlternate(alternate)}\n`);
  await writeConfig(dir, format);
}

/** Ours replaces whatever a repository's configuration and HEAD said: neither is ever taken from elsewhere. */
export async function writeConfig(dir: string, format: ObjectFormat): Promise<void> {
  const extensions = format === 'sha256' ? '[extensions]\n\tobjectFormat = sha256\n' : '';
  // The prefix matches nothing: Git need not list the refs of an alternate whose refs it has.
  const core = `[core]\n\trepositoryFormatVersion = ${format === 'sha256' ? 1 : 0}\n\tbare = true\n\talternateRefsPrefixes = refs/none\n`;
  await writeFile(join(dir, 'config'), core + extensions, { mode: 0o600 });
  await writeFile(join(dir, 'HEAD'), 'ref: refs/heads/main\n', { mode: 0o600 });
}

export async function readObjectFormat(dir: string): Promise<ObjectFormat> {
  return /^\s*objectformat\s*=\s*sha256\s*$/im.test(await readFile(join(dir, 'config'), 'utf8')) ? 'sha256' : 'sha1';
}

/** The mark, or undefined: a mirror without one was never finished, or is known to be damaged, whatever it looks like. */
export async function readMark(dir: string): Promise<MirrorMark | undefined> {
  try {
    const mark: unknown = JSON.parse(await readFile(join(dir, MARK), 'utf8'));
    return isMark(mark) ? mark : undefined;
  } catch {
    return undefined;
  }
}

export async function writeMark(dir: string, mark: MirrorMark): Promise<void> {
  const draft = join(dir, `${MARK}.new`);
  await writeDurably(draft, JSON.stringify(mark));
  await rename(draft, join(dir, MARK));
  await syncFolder(dir);
}

/** Ends the use of a mirror: the next update makes it anew. */
export async function removeMark(dir: string): Promise<void> {
  await unlink(join(dir, MARK)).catch(() => undefined);
}

/** Takes a folder away in one step, then deletes it. */
export async function discard(git: Git, key: string, dir: string): Promise<void> {
  const grave = temporaryPath(git, key);
  try {
    await rename(dir, grave);
  } catch {
    return;
  }
  await rm(grave, { recursive: true, force: true });
}

export interface PackUse {
  readonly packs: number;
  readonly bytes: number;
}

export async function measurePacks(dir: string): Promise<PackUse> {
  const folder = join(dir, 'objects', 'pack');
  const names = (await readdir(folder)).filter((name) => name.endsWith('.pack'));
  const sizes = await Promise.all(names.map(async (name) => (await stat(join(folder, name))).size));
  return { packs: names.length, bytes: sizes.reduce((sum, size) => sum + size, 0) };
}

export async function removeLockFile(git: Git, key: string): Promise<void> {
  await unlink(lockPath(git, key)).catch(() => undefined);
}

function isMark(value: unknown): value is MirrorMark {
  return typeof value === 'object' && value !== null && 'packedBytes' in value && typeof value.packedBytes === 'number';
}

/** Paths in `alternates` may be C-quoted, and must be when they start with a quote or `#`. */
function quoteAlternate(path: string): string {
  return /^["#]|[\n\\]/.test(path)
    ? `"${path
        .replaceAll('\\', '\\\\')
        .replaceAll('"', String.raw`\"`)
        .replaceAll('\n', String.raw`\n`)}"`
    : path;
}
