import { execFileSync } from 'node:child_process';
import { readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { Git } from '#git/context.ts';
import type { Mirror } from '#git/mirror.ts';
import type { Remote } from '#domain/remote.ts';
import { isFailure } from '#domain/failure.ts';
import { noAbort } from './git-room.ts';

const signal = noAbort();

/** Files of a mirror's packs by how they end. */
export function packFiles(git: Git, key: string, ending: '.pack' | '.idx'): readonly string[] {
  const folder = join(git.mirrorsDir, `${key}.git`, 'objects', 'pack');
  return readdirSync(folder)
    .filter((name) => name.endsWith(ending))
    .map((name) => join(folder, name));
}

/** Writes a file anew with other bytes: packs are read-only, and may be mapped by somebody. */
export function rewrite(path: string, change: (bytes: Buffer) => Buffer): void {
  const bytes = change(readFileSync(path));
  rmSync(path);
  writeFileSync(path, bytes);
}

export function flip(bytes: Buffer, at: number): Buffer {
  const changed = Buffer.from(bytes);
  changed.writeUInt8(changed.readUInt8(at) ^ 0xff, at);
  return changed;
}

/** Every file of a branch by its path, or the code of the failure: there is nothing in between. */
export async function readBranch(mirror: Mirror, branch: string): Promise<Readonly<Record<string, string>> | string> {
  try {
    const { files } = await mirror.listFiles(await mirror.resolve(branch, signal), { signal });
    const read = await Array.fromAsync(mirror.readBlobs(files, signal), ({ file, bytes }) => [file.path, Buffer.from(bytes).toString()]);
    return Object.fromEntries(read);
  } catch (error) {
    if (!isFailure(error)) throw error;
    return error.code;
  }
}

/** A mirror has the branches and tags of its remote, at the same objects, and no others (SECURITY.md MIR-15). */
export function expectSameRefs(git: Git, key: string, remoteDir: string): void {
  expect(refsOf(join(git.mirrorsDir, `${key}.git`))).toEqual(refsOf(remoteDir));
}

/** As runs do it: update and read, again after a failure that says so. How often the mirror was made anew until everything could be read. */
export async function heal(mirror: Mirror, remote: Remote, expected: Readonly<Record<string, string>>): Promise<number> {
  let clones = 0;
  for (let attempt = 1; attempt <= 3; attempt++) {
    const { how } = await mirror.update({ remote, signal });
    if (how === 'cloned') clones++;
    const read = await readBranch(mirror, 'main');
    if (typeof read !== 'string') {
      expect(read).toEqual(expected);
      return clones;
    }
    expect(read).toBe('MIRROR_CORRUPT');
  }
  throw new Error('three updates did not mend the mirror');
}

function refsOf(dir: string): readonly string[] {
  const args = ['--git-dir', dir, 'for-each-ref', '--format=%(objectname) %(refname)', 'refs/heads', 'refs/tags'];
  return execFileSync('git', args, { encoding: 'utf8' }).split('\n').toSorted();
}
