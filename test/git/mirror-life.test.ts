import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openMirror } from '#git/mirror.ts';
import { removeMirror } from '#git/mirrors.ts';
import type { GitHttpServer } from '#test/support/git-http-server.ts';
import { startGitHttpServer } from '#test/support/git-http-server.ts';
import { newGit, newRepository, noAbort, remoteAt } from '#test/support/git-room.ts';

let root: string;
let server: GitHttpServer;

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'tributary-life-'));
  server = await startGitHttpServer({ root });
});
afterAll(async () => {
  await server.close();
  rmSync(root, { recursive: true, force: true });
});

const remote = (name: string) => remoteAt(`${server.url}/${name}`);
const signal = noAbort();

describe('a mirror over time', () => {
  test('stays small: packs of many small pushes are combined, and every commit is still there', async () => {
    const repository = newRepository(root, 'many.git');
    const git = await newGit();
    const mirror = openMirror(git, { key: 'many' });
    const commits = Array.from({ length: 30 }, (_, push) => repository.commit({ a: `push ${push}` }));
    for (const commit of commits) {
      repository.git(['update-ref', 'refs/heads/main', commit]);
      await mirror.update({ remote: remote('many.git'), signal });
    }

    const packs = readdirSync(join(git.mirrorsDir, 'many.git', 'objects', 'pack')).filter((name) => name.endsWith('.pack'));
    expect(packs.length).toBeLessThan(25);
    expect(await Promise.all(commits.map((commit) => mirror.has(commit, signal)))).not.toContain(false);
  });

  test('that lost a file is made anew', async () => {
    const repository = newRepository(root, 'refless.git');
    repository.commit({ a: 'x' });
    const git = await newGit();
    const mirror = openMirror(git, { key: 'refless' });
    await mirror.update({ remote: remote('refless.git'), signal });
    rmSync(join(git.mirrorsDir, 'refless.git', 'packed-refs'));

    expect((await mirror.update({ remote: remote('refless.git'), signal })).how).toBe('cloned');
  });

  test.each([
    ['emptied', (bytes: Buffer) => bytes.subarray(0, 0)],
    ['cut off', (bytes: Buffer) => bytes.subarray(0, bytes.length - 30)],
    ['overwritten', (bytes: Buffer) => Buffer.concat([bytes.subarray(0, 12), Buffer.alloc(bytes.length - 12)])],
  ])('whose packs are %s serves everything again after failed reads and an update', async (how, damage) => {
    const name = `damage-${how.replace(' ', '-')}`;
    const repository = newRepository(root, `${name}.git`);
    const first = repository.commit({ a: 'x'.repeat(1000), b: 'b' });
    const git = await newGit();
    const mirror = openMirror(git, { key: name });
    await mirror.update({ remote: remote(`${name}.git`), signal });
    const packs = join(git.mirrorsDir, `${name}.git`, 'objects', 'pack');
    for (const pack of readdirSync(packs).filter((entry) => entry.endsWith('.pack'))) {
      const bytes = damage(readFileSync(join(packs, pack)));
      rmSync(join(packs, pack));
      writeFileSync(join(packs, pack), bytes);
    }
    const read = async (commit: string) => {
      const { files } = await mirror.listFiles(commit, { signal });
      return Array.fromAsync(mirror.readBlobs(files, signal), ({ bytes }) => bytes.length);
    };
    await expect(read(first)).rejects.toMatchObject({ code: 'MIRROR_CORRUPT' });
    const second = repository.commit({ a: 'y', b: 'b' });

    await mirror.update({ remote: remote(`${name}.git`), signal });

    expect([await read(first), await read(second)]).toEqual([
      [1000, 1],
      [1, 1],
    ]);
  });

  test('knows what is not there from what is damaged', async () => {
    newRepository(root, 'absent.git').commit({ a: 'x' });
    const mirror = openMirror(await newGit(), { key: 'absent' });
    await mirror.update({ remote: remote('absent.git'), signal });
    const unknown = 'f'.repeat(40);

    expect(await mirror.has(unknown, signal)).toBe(false);
    await expect(mirror.listFiles(unknown, { signal })).rejects.toMatchObject({ code: 'REF_NOT_FOUND' });
    await expect(mirror.diffFiles(unknown, await mirror.resolve('main', signal), { signal })).rejects.toMatchObject({
      code: 'REF_NOT_FOUND',
    });
    await expect(mirror.listFiles('--output=pwn', { signal })).rejects.toMatchObject({ code: 'REF_NOT_FOUND' });
    expect((await mirror.update({ remote: remote('absent.git'), signal })).how).toBe('fetched');
  });

  test('is gone when it is removed', async () => {
    newRepository(root, 'removed.git').commit({ a: 'x' });
    const git = await newGit();
    const mirror = openMirror(git, { key: 'removed' });
    await mirror.update({ remote: remote('removed.git'), signal });

    await removeMirror(git, 'removed', signal);

    expect(readdirSync(git.mirrorsDir)).toEqual(['locks']);
    expect(readdirSync(join(git.mirrorsDir, 'locks'))).toEqual([]);
  });
});
