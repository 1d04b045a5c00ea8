import { readGit } from './run.ts';

export const ZERO = '0'.repeat(40);

/** A ref that moved. `before` is zeros for one that was made, `after` for one that was removed. */
export interface RefChange {
  readonly ref: string;
  readonly before: string;
  readonly after: string;
}

/** Full names to object ids. */
export async function listRefs(dir: string, prefix: string): Promise<ReadonlyMap<string, string>> {
  const lines = await readGit(dir, ['for-each-ref', '--format=%(objectname) %(refname)', prefix]);
  return new Map(
    lines
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => [line.slice(41), line.slice(0, 40)]),
  );
}

export async function readRef(dir: string, ref: string): Promise<string | undefined> {
  return (await listRefs(dir, ref)).get(ref);
}

/** All or none; each fails when the ref is no longer at `before`. */
export async function changeRefs(dir: string, changes: readonly RefChange[]): Promise<void> {
  const lines = changes.map(({ ref, before, after }) => `update ${ref}\0${after}\0${before}\0`);
  await readGit(dir, ['update-ref', '--stdin', '-z'], lines.join(''));
}

/** What moved between two readings. */
export function diffRefs(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): readonly RefChange[] {
  const refs = new Set([...before.keys(), ...after.keys()]);
  return [...refs]
    .map((ref) => ({ ref, before: before.get(ref) ?? ZERO, after: after.get(ref) ?? ZERO }))
    .filter((change) => change.before !== change.after);
}

export async function isAncestor(dir: string, older: string, newer: string): Promise<boolean> {
  return readGit(dir, ['merge-base', '--is-ancestor', older, newer]).then(
    () => true,
    () => false,
  );
}

/** Branches whose tip is this commit. */
export async function branchesAt(dir: string, commit: string): Promise<readonly string[]> {
  return [...(await listRefs(dir, 'refs/heads'))].filter(([, id]) => id === commit).map(([ref]) => ref);
}

/** The commit that a branch, a tag, a full ref or an id (in full or the start of it) stands for. */
export async function resolveCommit(dir: string, name: string): Promise<string | undefined> {
  if (name.startsWith('-') || name.includes('..') || /[\s~^:?*[\\@]/.test(name)) return undefined;
  const candidates = /^[0-9a-f]{40}$/.test(name) ? [name] : [`refs/heads/${name}`, `refs/tags/${name}`, `refs/${name}`, name];
  for (const candidate of candidates) {
    const id = await readGit(dir, ['rev-parse', '--verify', '--quiet', '--end-of-options', `${candidate}^{commit}`]).catch(() => undefined);
    if (id !== undefined && id !== '') return id;
  }
  return undefined;
}
