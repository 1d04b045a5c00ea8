import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { Readable } from 'node:stream';
import { pack } from 'tar-stream';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openMirror } from '#git/mirror.ts';
import { spoolTar } from '#sync/spool.ts';
import type { GitHttpServer } from '#test/support/git-http-server.ts';
import { startGitHttpServer } from '#test/support/git-http-server.ts';
import { LIMITS, newGit, newRepository, noAbort, remoteAt } from '#test/support/git-room.ts';
import { expectSameRefs, heal, readBranch } from '#test/support/mirror-damage.ts';
import { openScope } from '#test/support/scope.ts';
import { mountSmallDisk, noSmallDisks } from '#test/support/small-disk.ts';

const MIB = 1024 * 1024;
/** Above what is asked for before a fetch, below what the fetch takes: the noise is hexadecimal, so Git makes half of it. */
const JUST_ENOUGH_TO_BEGIN_BYTES = 17 * MIB;
const BEYOND_BYTES = 48 * MIB;
const DISK_MEGABYTES = 128;
const LARGE_FILES = { ...LIMITS, maxBlobBytes: 64 * MIB };
const scope = openScope();
const signal = noAbort();
let root: string;
let server: GitHttpServer;

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'tributary-full-'));
  server = await startGitHttpServer({ root });
});
afterAll(async () => {
  await server.close();
  rmSync(root, { recursive: true, force: true });
  await scope.close();
});

/** What no compression makes smaller. */
function noise(bytes: number): string {
  return randomBytes(bytes / 2).toString('hex');
}

describe.skipIf(noSmallDisks !== undefined)(`on a disk that is full${noSmallDisks === undefined ? '' : `: ${noSmallDisks}`}`, () => {
  test('nothing is begun on a disk that is as good as full', async () => {
    const repository = newRepository(root, 'refused.git');
    repository.commit({ 'a.txt': 'small' });
    const disk = mountSmallDisk(scope, 24);
    const git = await newGit({ dataDir: disk.folder });
    const mirror = openMirror(git, { key: 'refused' });
    const remote = remoteAt(`${server.url}/refused.git`);
    disk.fill(15 * MIB);

    await expect(mirror.update({ remote, signal })).rejects.toMatchObject({
      code: 'STORAGE_FULL',
      message: expect.stringContaining('Less than 16 MiB'),
    });
    expect(readdirSync(git.mirrorsDir)).toEqual(['locks']);
    disk.free();

    expect(await heal(mirror, remote, { 'a.txt': 'small' })).toBe(1);
  });

  test('a first clone is STORAGE_FULL, leaves nothing, and goes through once there is space', async () => {
    const files = { 'a.txt': noise(BEYOND_BYTES) };
    const repository = newRepository(root, 'cloned.git');
    repository.commit(files);
    const disk = mountSmallDisk(scope, DISK_MEGABYTES);
    const git = await newGit({ dataDir: disk.folder, limits: LARGE_FILES });
    const mirror = openMirror(git, { key: 'cloned' });
    const remote = remoteAt(`${server.url}/cloned.git`);
    disk.fill(JUST_ENOUGH_TO_BEGIN_BYTES);

    await expect(mirror.update({ remote, signal })).rejects.toMatchObject({ code: 'STORAGE_FULL', next: 'again' });
    expect(readdirSync(git.mirrorsDir)).toEqual(['locks']);
    disk.free();

    expect(await heal(mirror, remote, files)).toBe(1);
    expectSameRefs(git, 'cloned', repository.dir);
  });

  test('a fetch is STORAGE_FULL, the mirror stays what it was, and catches up once there is space', async () => {
    const before = { 'a.txt': 'small' };
    const after = { 'a.txt': noise(BEYOND_BYTES) };
    const repository = newRepository(root, 'fetched.git');
    repository.commit(before);
    const disk = mountSmallDisk(scope, DISK_MEGABYTES);
    const git = await newGit({ dataDir: disk.folder, limits: LARGE_FILES });
    const mirror = openMirror(git, { key: 'fetched' });
    const remote = remoteAt(`${server.url}/fetched.git`);
    await mirror.update({ remote, signal });
    repository.commit(after);

    for (const left of [JUST_ENOUGH_TO_BEGIN_BYTES, 4 * 1024, 0]) {
      disk.fill(left);
      await expect(mirror.update({ remote, signal })).rejects.toMatchObject({ code: 'STORAGE_FULL' });
      expect(await readBranch(mirror, 'main')).toEqual(before);
      expect(readdirSync(git.mirrorsDir).toSorted()).toEqual(['fetched.git', 'locks']);
      disk.free();
    }

    expect(await heal(mirror, remote, after)).toBe(0);
    expectSameRefs(git, 'fetched', repository.dir);
  });

  test('a folder that is sent is STORAGE_FULL and leaves nothing', async () => {
    const disk = mountSmallDisk(scope, 2);
    const spoolDir = join(disk.folder, 'uploads');
    const tar = pack();
    tar.entry({ name: 'a.txt' }, noise(3 * MIB));
    tar.finalize();
    const sent = await buffer(tar);

    await expect(spoolTar(Readable.from([sent]), spoolDir, { ...LIMITS, maxBlobBytes: 4 * MIB }, signal)).rejects.toMatchObject({
      code: 'STORAGE_FULL',
    });

    expect(readdirSync(spoolDir)).toEqual([]);
  });
});
