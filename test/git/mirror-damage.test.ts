import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Git } from '#git/context.ts';
import { openMirror } from '#git/mirror.ts';
import type { Mirror } from '#git/mirror.ts';
import { cleanMirrors } from '#git/mirrors.ts';
import type { GitHttpServer } from '#test/support/git-http-server.ts';
import { startGitHttpServer } from '#test/support/git-http-server.ts';
import { newGit, newRepository, noAbort, remoteAt } from '#test/support/git-room.ts';
import type { ServedRepository } from '#test/support/git-room.ts';
import { expectSameRefs, flip, heal, packFiles, readBranch, rewrite } from '#test/support/mirror-damage.ts';

/** Bytes that are changed, one mirror each. Any of them may be the one that matters. */
const FLIPS = 6;

let root: string;
let server: GitHttpServer;
let made = 0;
const signal = noAbort();

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'tributary-damage-'));
  server = await startGitHttpServer({ root });
});
afterAll(async () => {
  await server.close();
  rmSync(root, { recursive: true, force: true });
});

interface Mirrored {
  readonly git: Git;
  readonly mirror: Mirror;
  readonly key: string;
  readonly repository: ServedRepository;
  readonly remote: ReturnType<typeof remoteAt>;
  readonly files: Readonly<Record<string, string>>;
}

/** A remote with a little history, and a complete mirror of it. */
async function mirrored(): Promise<Mirrored> {
  const key = `damaged-${++made}`;
  const repository = newRepository(root, `${key}.git`);
  const files = { 'a.json': `{ "text": "${randomBytes(300).toString('hex')}" }`, 'b/c.json': '{}' };
  repository.commit({ 'a.json': 'old' });
  repository.commit(files);
  repository.commit({ other: 'x' }, { branch: 'feature' });
  repository.git(['tag', '-m', 'a tag', 'v1', 'main']);
  const git = await newGit();
  const mirror = openMirror(git, { key });
  const remote = remoteAt(`${server.url}/${key}.git`);
  await mirror.update({ remote, signal });
  return { git, mirror, key, repository, remote, files };
}

function mirrorDir({ git, key }: Mirrored): string {
  return join(git.mirrorsDir, `${key}.git`);
}

/** One object goes, and Git lists its path as if nothing were amiss. */
function loseBlob(whole: Mirrored): void {
  const dir = mirrorDir(whole);
  for (const path of packFiles(whole.git, whole.key, '.pack')) {
    const pack = readFileSync(path);
    rmSync(path);
    execFileSync('git', ['unpack-objects', '-q'], { cwd: dir, input: pack, env: { PATH: process.env['PATH'], GIT_DIR: dir } });
  }
  packFiles(whole.git, whole.key, '.idx').forEach((path) => rmSync(path));
  const blob = whole.repository.git(['rev-parse', 'main:a.json']);
  rmSync(join(dir, 'objects', blob.slice(0, 2), blob.slice(2)));
}

describe('a folder that a killed clone left', () => {
  test('is no mirror: it is cloned anew', async () => {
    const whole = await mirrored();
    const { git, mirror, key, repository, remote, files } = whole;
    rmSync(mirrorDir(whole), { recursive: true });
    plantHalfClone(mirrorDir(whole));

    await expect(mirror.resolve('main', signal)).rejects.toMatchObject({ code: 'MIRROR_CORRUPT' });
    expect(await heal(mirror, remote, files)).toBe(1);

    expectSameRefs(git, key, repository.dir);
    expect(readdirSync(join(mirrorDir(whole), 'objects', 'pack')).filter((name) => name.startsWith('tmp_'))).toEqual([]);
  });

  test('is removed when the service starts', async () => {
    const git = await newGit();
    plantHalfClone(join(git.mirrorsDir, 'half.git'));

    expect(await cleanMirrors(git)).toEqual(['half.git']);

    expect(readdirSync(git.mirrorsDir)).toEqual(['locks']);
  });
});

describe('a mirror that lost something', () => {
  test.each<readonly [string, (whole: Mirrored) => void]>([
    [
      'a pack that is cut off',
      ({ git, key }) => packFiles(git, key, '.pack').forEach((path) => rewrite(path, (bytes) => bytes.subarray(0, -40))),
    ],
    ['a pack that is gone', ({ git, key }) => packFiles(git, key, '.pack').forEach((path) => rmSync(path))],
    ['an index that is gone', ({ git, key }) => packFiles(git, key, '.idx').forEach((path) => rmSync(path))],
    ['an index that is empty', ({ git, key }) => packFiles(git, key, '.idx').forEach((path) => rewrite(path, () => Buffer.alloc(0)))],
    ['the bytes of one file, whose name is still there', loseBlob],
    ['all its objects', (whole) => rmSync(join(mirrorDir(whole), 'objects'), { recursive: true })],
    ['its refs', (whole) => rmSync(join(mirrorDir(whole), 'packed-refs'))],
    ['a part of its refs', (whole) => rewrite(join(mirrorDir(whole), 'packed-refs'), (bytes) => bytes.subarray(0, bytes.length - 20))],
    ['its refs to zeros', (whole) => rewrite(join(mirrorDir(whole), 'packed-refs'), (bytes) => Buffer.alloc(bytes.length))],
    ['its configuration', (whole) => rmSync(join(mirrorDir(whole), 'config'))],
    ['its mark to an empty file', (whole) => writeFileSync(join(mirrorDir(whole), 'tributary-complete.json'), '')],
  ])('%s: is made anew at most once, and serves what the remote has', async (_what, damage) => {
    const whole = await mirrored();
    damage(whole);
    const first = await readBranch(whole.mirror, 'main');
    if (typeof first !== 'string') expect(first).toEqual(whole.files);

    const clones = await heal(whole.mirror, whole.remote, whole.files);

    expect(clones).toBeLessThanOrEqual(1);
    expectSameRefs(whole.git, whole.key, whole.repository.dir);
  });

  test('a loose object of no bytes: what is served is right, and a push goes through', async () => {
    const whole = await mirrored();
    const blob = whole.repository.git(['rev-parse', 'main:a.json']);
    const loose = join(mirrorDir(whole), 'objects', blob.slice(0, 2), blob.slice(2));
    mkdirSync(dirname(loose), { recursive: true });
    writeFileSync(loose, '');
    const files = { ...whole.files, 'd.json': '{}' };
    whole.repository.commit(files);

    expect(await heal(whole.mirror, whole.remote, files)).toBeLessThanOrEqual(1);

    expectSameRefs(whole.git, whole.key, whole.repository.dir);
  });

  test.each(['.pack', '.idx'] as const)(
    'any byte of a %s file: a read gives what was committed or fails, and updates mend it',
    async (ending) => {
      for (let round = 0; round < FLIPS; round++) {
        const whole = await mirrored();
        for (const path of packFiles(whole.git, whole.key, ending))
          rewrite(path, (bytes) => flip(bytes, Math.floor((bytes.length * (round + 0.5)) / FLIPS)));
        const first = await readBranch(whole.mirror, 'main');
        if (typeof first !== 'string') expect(first).toEqual(whole.files);

        expect(await heal(whole.mirror, whole.remote, whole.files)).toBeLessThanOrEqual(1);

        expectSameRefs(whole.git, whole.key, whole.repository.dir);
      }
    },
  );
});

test.each([
  'packed-refs.lock',
  'HEAD.lock',
  'config.lock',
  'shallow.lock',
  'gc.pid',
  'refs/heads/main.lock',
  'packed-refs.new',
  'objects/pack/tmp_pack_x',
])('a %s that a killed process left is in nobody’s way', async (name) => {
  const whole = await mirrored();
  const stale = join(mirrorDir(whole), name);
  mkdirSync(dirname(stale), { recursive: true });
  writeFileSync(stale, 'stale');
  const files = { ...whole.files, 'd.json': '{}' };
  whole.repository.commit(files);

  expect(await heal(whole.mirror, whole.remote, files)).toBe(0);

  expectSameRefs(whole.git, whole.key, whole.repository.dir);
  if (name === 'packed-refs.new') expect(existsSync(stale)).toBe(false);
});

/** What SIGKILL in the middle of `git clone` leaves: it passes for a repository, without a ref, with a part of a pack. */
function plantHalfClone(dir: string): void {
  mkdirSync(join(dir, 'objects', 'pack'), { recursive: true });
  mkdirSync(join(dir, 'refs', 'heads'), { recursive: true });
  writeFileSync(join(dir, 'HEAD'), 'ref: refs/heads/main\n');
  writeFileSync(join(dir, 'config'), '[core]\n\trepositoryformatversion = 0\n\tbare = true\n');
  writeFileSync(join(dir, 'objects', 'pack', 'tmp_pack_Ab12Cd'), randomBytes(100_000));
  expect(readFileSync(join(dir, 'HEAD'), 'utf8')).toContain('main');
}
