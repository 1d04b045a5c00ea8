import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, statSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Git } from '#git/context.ts';
import { listRemoteRefs } from '#git/list-remote-refs.ts';
import { openMirror } from '#git/mirror.ts';
import { cleanMirrors } from '#git/mirrors.ts';
import { lookAtRef } from '#git/tracked-ref.ts';
import type { GitProgress } from '#git/progress.ts';
import type { GitHttpServer } from '#test/support/git-http-server.ts';
import { startGitHttpServer } from '#test/support/git-http-server.ts';
import { LIMITS, newGit, newRepository, noAbort, remoteAt, temporaryFolder } from '#test/support/git-room.ts';
import { untilTrue } from '#test/support/until.ts';

let root: string;
let server: GitHttpServer;

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'tributary-transfer-'));
  server = await startGitHttpServer({ root });
});
afterEach(() => {
  server.onRequest = undefined;
});
afterAll(async () => {
  await server.close();
  rmSync(root, { recursive: true, force: true });
});

const remote = (name: string) => remoteAt(`${server.url}/${name}`);
const signal = noAbort();

describe('where a call goes', () => {
  test('is the vetted address, whatever the name resolves to', async () => {
    newRepository(root, 'pinned.git').commit({ a: 'x' });
    // No resolver knows this name: https://www.rfc-editor.org/rfc/rfc6761#section-6.4
    const host = 'git.invalid';
    const pinned = {
      ...remoteAt(`http://${host}:${server.port}/pinned.git`),
      pinned: { host, port: server.port, addresses: ['127.0.0.1'] },
    };

    expect((await listRemoteRefs(await newGit(), pinned, signal)).head).toBe('refs/heads/main');
  });

  test('is not where a redirect points, and the credential stays at home', async () => {
    const elsewhere = await startGitHttpServer({ root });
    server.onRequest = ({ url }) => ({ status: 302, headers: { location: `${elsewhere.url}${url}` } });
    const access = { username: 'bot', secret: 'CANARY_redirect_0123' };

    await expect(listRemoteRefs(await newGit(), remoteAt(`${server.url}/a.git`, access), signal)).rejects.toMatchObject({
      code: 'REPO_MOVED',
    });

    expect(elsewhere.requests).toEqual([]);
    await elsewhere.close();
  });

  test.each([
    'file:///etc',
    'ext::touch pwn',
    'git://127.0.0.1/a.git',
    'ssh://127.0.0.1/a.git',
    '/etc',
    'https://bot:pw@127.0.0.1:1/a.git',
  ])('is never %s', async (url) => {
    await expect(listRemoteRefs(await newGit(), { ...remoteAt(url), plainHttp: false }, signal)).rejects.toMatchObject({
      code: 'POLICY_DENIED',
    });
  });
});

describe('what a mirror takes over', () => {
  test('is what the remote lists, tags and their commits included', async () => {
    const repository = newRepository(root, 'tags.git');
    const first = repository.commit({ a: 'x' });
    repository.git(['-c', 'user.name=a', '-c', 'user.email=a@example.com', 'tag', '-a', 'v1', '-m', 'one', first]);
    repository.git(['tag', 'light', first]);
    const tag = repository.git(['rev-parse', 'v1']);
    repository.commit({ a: 'y' });
    const git = await newGit();
    const mirror = openMirror(git, { key: 'tags' });

    const { refs } = await mirror.update({ remote: remote('tags.git'), signal });

    const listed = await listRemoteRefs(git, remote('tags.git'), signal);
    expect(refs).toEqual(listed.refs);
    expect([listed.refs.get('refs/tags/v1'), listed.peeled.get('refs/tags/v1')]).toEqual([tag, first]);
    expect([await mirror.resolve('v1', signal), await mirror.resolve('light', signal)]).toEqual([first, first]);
  });

  test('follows forced pushes, moved tags and deleted branches', async () => {
    const repository = newRepository(root, 'moves.git');
    const first = repository.commit({ a: 'x' });
    repository.git(['tag', 'moving', first]);
    repository.git(['branch', 'gone', first]);
    const mirror = openMirror(await newGit(), { key: 'moves' });
    await mirror.update({ remote: remote('moves.git'), signal });
    repository.git(['branch', '-D', 'gone']);
    const other = repository.commitTree(repository.tree([`100644 blob ${repository.blob('y')}\ta`]), { parents: [first], branch: 'side' });
    repository.git(['update-ref', 'refs/heads/main', other]);
    repository.git(['tag', '-f', 'moving', other]);

    const { how, refs } = await mirror.update({ remote: remote('moves.git'), signal });

    expect(how).toBe('fetched');
    expect(refs).toEqual(
      new Map([
        ['refs/heads/main', other],
        ['refs/heads/side', other],
        ['refs/tags/moving', other],
      ]),
    );
    await expect(mirror.resolve('gone', signal)).rejects.toMatchObject({ code: 'REF_NOT_FOUND' });
  });

  test('is more than branches and tags only when asked, and never a replacement', async () => {
    const repository = newRepository(root, 'pulls.git');
    const head = repository.commit({ a: 'good' });
    const evil = repository.commit({ a: 'evil' }, { branch: 'evil' });
    repository.git(['update-ref', 'refs/pull/7/head', evil]);
    repository.git(['update-ref', `refs/replace/${head}`, evil]);
    repository.git(['update-ref', '-d', 'refs/heads/evil']);
    const mirror = openMirror(await newGit(), { key: 'pulls' });

    expect([...(await mirror.update({ remote: remote('pulls.git'), signal })).refs.keys()]).toEqual(['refs/heads/main']);
    const wanted = await mirror.update({ remote: remote('pulls.git'), want: { refs: ['refs/pull/7/head'] }, signal });

    expect(wanted.refs.get('refs/pull/7/head')).toBe(evil);
    expect(await mirror.resolve('refs/pull/7/head', signal)).toBe(evil);
    const { files } = await mirror.listFiles(head, { signal });
    expect(await Array.fromAsync(mirror.readBlobs(files, signal), ({ bytes }) => Buffer.from(bytes).toString())).toEqual(['good']);
    await expect(mirror.update({ remote: remote('pulls.git'), want: { refs: ['refs/pull/8/head'] }, signal })).rejects.toMatchObject({
      code: 'REF_NOT_FOUND',
    });
  });

  test('works the same where ids are SHA-256', async () => {
    const repository = newRepository(root, 'long.git', 'sha256');
    const first = repository.commit({ a: 'x' });
    const mirror = openMirror(await newGit(), { key: 'long' });
    await mirror.update({ remote: remote('long.git'), signal });
    const second = repository.commit({ a: 'y' });

    await mirror.update({ remote: remote('long.git'), signal });

    expect(second).toHaveLength(64);
    expect((await mirror.diffFiles(first, second, { signal })).changed.map(({ path }) => path)).toEqual(['a']);
  });
});

describe('what a mirror does not take over', () => {
  test('is a push with malformed objects: it stays as it was, and nothing piles up', async () => {
    const repository = newRepository(root, 'malformed.git');
    const good = repository.commit({ a: 'x' });
    const git = await newGit();
    const mirror = openMirror(git, { key: 'malformed' });
    await mirror.update({ remote: remote('malformed.git'), signal });
    const before = filesOf(git);
    repository.commitTree(
      repository.git(['hash-object', '-w', '-t', 'tree', '--literally', '--stdin'], treeWithDotGit(repository.blob('x'))),
    );

    for (let round = 0; round < 5; round++) {
      await expect(mirror.update({ remote: remote('malformed.git'), signal })).rejects.toMatchObject({ code: 'REMOTE_CORRUPT' });
    }

    expect(filesOf(git)).toEqual(before);
    expect(await mirror.resolve('main', signal)).toBe(good);
  });

  test('is a pack over the limit: first clone and later fetch say which limit, and leave nothing', async () => {
    const repository = newRepository(root, 'large.git');
    repository.commit({ a: noise() });
    const git = await newGit({ limits: { ...LIMITS, maxPackBytes: 64 * 1024 } });
    const mirror = openMirror(git, { key: 'large' });
    await mirror.update({ remote: remote('large.git'), signal });
    const before = filesOf(git);
    repository.commit({ a: noise(), b: noise(), c: noise() });

    const tooLarge = { code: 'TOO_LARGE', message: expect.stringContaining('TRIBUTARY_MAX_PACK_BYTES') };
    await expect(mirror.update({ remote: remote('large.git'), signal })).rejects.toMatchObject(tooLarge);
    expect(filesOf(git)).toEqual(before);
    await expect(openMirror(git, { key: 'other' }).update({ remote: remote('large.git'), signal })).rejects.toMatchObject(tooLarge);
    expect(readdirSync(git.mirrorsDir).toSorted()).toEqual(['large.git', 'locks']);
  });
});

test('several processes update one mirror at once: one clones, the others wait and fetch', async () => {
  newRepository(root, 'shared.git').commit({ a: 'x' });
  const dataDir = join(temporaryFolder(), 'data');
  const fixture = fileURLToPath(new URL('fixtures/update-mirror.ts', import.meta.url));

  const codes = await Promise.all(
    Array.from({ length: 4 }, async () => {
      const child = spawn(process.execPath, [fixture, dataDir, `${server.url}/shared.git`], { stdio: 'ignore' });
      return new Promise((resolve) => {
        child.on('close', resolve);
      });
    }),
  );

  expect(codes).toEqual([0, 0, 0, 0]);
  const git = await newGit({ dataDir });
  expect(await cleanMirrors(git)).toEqual([]);
  expect(await openMirror(git, { key: 'orphan' }).resolve('main', signal)).toMatch(/^[0-9a-f]{40}$/);
});

test('a transfer tells how far it is', async () => {
  newRepository(root, 'progress.git').commit({ a: 'x', b: 'y' });
  const told: GitProgress[] = [];

  await openMirror(await newGit(), { key: 'progress' }).update({
    remote: remote('progress.git'),
    signal,
    onProgress: (step) => told.push(step),
  });

  expect(told).toContainEqual({ phase: 'receiving', percent: 100 });
});

test('reads thousands of files whole and in order, however large they are beside each other', async () => {
  const repository = newRepository(root, 'order.git');
  const files = Object.fromEntries(
    Array.from({ length: 700 }, (_, at) => [`f${String(at).padStart(4, '0')}`, at % 50 === 0 ? 'x'.repeat(300_000 + at) : `small ${at}`]),
  );
  const blobs = Object.entries(files).map(([path, content]) => `M 100644 inline ${path}\ndata ${Buffer.byteLength(content)}\n${content}\n`);
  repository.git(['fast-import', '--quiet'], `commit refs/heads/main\ncommitter a <a@example.com> 0 +0000\ndata 0\n${blobs.join('')}`);
  const mirror = openMirror(await newGit(), { key: 'order' });
  await mirror.update({ remote: remote('order.git'), signal });
  const listing = await mirror.listFiles(await mirror.resolve('main', signal), { signal });

  const read = await Array.fromAsync(mirror.readBlobs(listing.files, signal), ({ file, bytes }) => [
    file.path,
    Buffer.from(bytes).toString(),
  ]);

  expect(Object.fromEntries(read)).toEqual(files);
  expect(read.map(([path]) => path)).toEqual(Object.keys(files));
});

test('a read that is left early, and one over the limit, leave no Git behind', async () => {
  newRepository(root, 'early.git').commit({ a: 'x'.repeat(60), b: 'y'.repeat(60) });
  const git = await newGit({ limits: { ...LIMITS, maxImportBytes: 100 } });
  const mirror = openMirror(git, { key: 'early' });
  await mirror.update({ remote: remote('early.git'), signal });
  const { files } = await mirror.listFiles(await mirror.resolve('main', signal), { signal });

  for await (const { file } of mirror.readBlobs(files.slice(0, 1), signal)) {
    expect(file.path).toBe('a');
    break;
  }
  await expect(Array.fromAsync(mirror.readBlobs(files, signal))).rejects.toMatchObject({
    code: 'TOO_LARGE',
    message: expect.stringContaining('TRIBUTARY_MAX_IMPORT_BYTES'),
  });

  // The kernel takes a moment to forget a process that was killed.
  await untilTrue('Git to be gone', () => gitProcessesOf(git).length === 0);
});

/** What no compression makes smaller. */
function noise(): Buffer {
  return Buffer.from(crypto.getRandomValues(new Uint8Array(40_000)));
}

/** Names and sizes of all that a mirror holds. */
function filesOf(git: Git): readonly string[] {
  return readdirSync(git.mirrorsDir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .map((path) => `${path} ${statSync(path).size}`)
    .toSorted();
}

function treeWithDotGit(blob: string): Buffer {
  return Buffer.concat([Buffer.from('100644 .git\0'), Buffer.from(blob, 'hex')]);
}

function gitProcessesOf(git: Git): readonly string[] {
  return readdirSync('/proc').filter((pid) => {
    try {
      return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/environ`, 'utf8').includes(git.homeDir);
    } catch {
      return false;
    }
  });
}

describe('looking before fetching', () => {
  test('transfers nothing where nothing changed, and says what it saw', async () => {
    const served = newRepository(root, 'still.git');
    const commit = served.commit({ a: 'x' });
    served.git(['tag', '-a', '-m', 'one', 'v1', commit]);
    const mirror = openMirror(await newGit(), { key: 'still' });
    await mirror.update({ remote: remote('still.git'), signal });
    server.requests.splice(0);

    const update = await mirror.update({ remote: remote('still.git'), signal, lookFirst: true });

    expect(update).toMatchObject({ how: 'unchanged', head: 'refs/heads/main' });
    expect(update.refs.get('refs/heads/main')).toBe(commit);
    expect(update.peeled?.get('refs/tags/v1')).toBe(commit);
    expect(server.requests).toHaveLength(2);
  });

  test('brings what changed: a new commit, a branch that is gone, a tag that moved', async () => {
    const served = newRepository(root, 'moving.git');
    const first = served.commit({ a: 'x' });
    served.git(['branch', 'other', first]);
    served.git(['tag', 'v1', first]);
    const mirror = openMirror(await newGit(), { key: 'moving' });
    await mirror.update({ remote: remote('moving.git'), signal });

    const second = served.commit({ a: 'y' });
    expect(await mirror.update({ remote: remote('moving.git'), signal, lookFirst: true })).toMatchObject({ how: 'fetched' });
    expect(await mirror.resolve('main', signal)).toBe(second);
    served.git(['branch', '-D', 'other']);
    expect(await mirror.update({ remote: remote('moving.git'), signal, lookFirst: true })).toMatchObject({ how: 'fetched' });
    await expect(mirror.resolve('other', signal)).rejects.toMatchObject({ code: 'REF_NOT_FOUND' });
    served.git(['tag', '-f', 'v1', second]);
    expect(await mirror.update({ remote: remote('moving.git'), signal, lookFirst: true })).toMatchObject({ how: 'fetched' });
    expect(await mirror.resolve('v1', signal)).toBe(second);
  });

  test('clones where there is no mirror yet, or a damaged one', async () => {
    newRepository(root, 'first.git').commit({ a: 'x' });
    const mirror = openMirror(await newGit(), { key: 'first' });

    expect(await mirror.update({ remote: remote('first.git'), signal, lookFirst: true })).toMatchObject({ how: 'cloned' });
  });
});

describe('looking at one ref', () => {
  test('says where a branch or a tag is, or that it is not there, among refs whose names end alike', async () => {
    const served = newRepository(root, 'looked-at.git');
    const first = served.commit({ a: 'x' });
    const second = served.commit({ a: 'y' });
    served.git(['update-ref', 'refs/heads/x/refs/heads/main', first]);
    served.git(['tag', '-a', '-m', 'one', 'v1', first]);
    const git = await newGit();
    const look = (ref: string) => lookAtRef(git, remote('looked-at.git'), ref, signal);

    expect(await look('main')).toEqual({ is: 'at', commit: second });
    expect(await look('refs/heads/main')).toEqual({ is: 'at', commit: second });
    expect(await look('v1')).toEqual({ is: 'at', commit: first });
    expect(await look('gone')).toEqual({ is: 'absent', head: 'refs/heads/main' });
    expect(await look(first)).toEqual({ is: 'a-commit' });
  });
});
