import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { spawnForge, type SpawnedForge } from '#test/forge/client.ts';
import { git, makeFolder, withCredential } from './support.ts';

let forge: SpawnedForge;
let openUrl: string;
let closedUrl: string;
let owner: string;
const folder = makeFolder();

beforeAll(async () => {
  forge = await spawnForge();
  openUrl = (await forge.createRepository({ owner: 'acme', name: 'open', private: false, files: { 'a.txt': 'a' } })).clone_url;
  closedUrl = (await forge.createRepository({ owner: 'acme', name: 'closed', files: { 'a.txt': 'a' } })).clone_url;
  owner = (await forge.createToken({ kind: 'classic', login: 'alice', scopes: ['repo'] })).token;
});
afterAll(async () => {
  await forge.stop();
  folder.remove();
});

const lsRemote = (url: string): ReturnType<typeof git> => git(folder.path, 'ls-remote', url);

async function infoRefs(
  url: string,
  service: string,
  authorization?: string,
): Promise<{ readonly status: number; readonly realm: string | null; readonly text: string }> {
  const response = await fetch(`${url}/info/refs?service=${service}`, { headers: authorization === undefined ? {} : { authorization } });
  return { status: response.status, realm: response.headers.get('www-authenticate'), text: await response.text() };
}

const basic = (user: string, password: string): string => `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;

describe('reading', () => {
  test('needs no credential where the repository is public', async () => {
    const cloned = await git(folder.path, 'clone', '--quiet', openUrl, 'anonymous');

    expect(cloned).toMatchObject({ code: 0, stderr: '' });
  });

  test('is asked for one where it is private, in the realm GitHub', async () => {
    expect(await infoRefs(closedUrl, 'git-upload-pack')).toEqual({
      status: 401,
      realm: 'Basic realm="GitHub"',
      text: 'Repository not found.\n',
    });
  });

  test.each(['x-access-token', 'anything'])('takes the token with the username %s', async (username) => {
    const { code, stdout } = await lsRemote(withCredential(closedUrl, owner, username));

    expect(code).toBe(0);
    expect(stdout).toContain('refs/heads/main');
  });

  test('does not take a token without a username, nor as Bearer', async () => {
    expect((await infoRefs(closedUrl, 'git-upload-pack', basic('', owner))).status).toBe(401);
    expect((await infoRefs(closedUrl, 'git-upload-pack', `Bearer ${owner}`)).status).toBe(401);
  });

  test('says that an unknown token is none', async () => {
    const { code, stderr } = await lsRemote(withCredential(closedUrl, 'ghp_unknown'));

    expect(code).not.toBe(0);
    expect(stderr).toContain('remote: Invalid username or token. Password authentication is not supported for Git operations.');
    expect(stderr).toContain('Authentication failed');
  });

  test('says that a repository out of reach is not there', async () => {
    const { token } = await forge.createToken({ kind: 'classic', login: 'eve', scopes: ['repo'], repositories: [] });
    const { token: narrow } = await forge.createToken({ kind: 'classic', login: 'alice', scopes: ['public_repo'] });

    expect((await lsRemote(withCredential(closedUrl, token))).stderr).toContain('remote: Repository not found.');
    expect((await infoRefs(closedUrl, 'git-upload-pack', basic('x', narrow))).status).toBe(404);
    expect((await infoRefs(`${forge.url}/acme/none.git`, 'git-upload-pack', basic('x', owner))).status).toBe(404);
  });

  test('needs contents=read of a fine-grained token', async () => {
    const without = await forge.createToken({ kind: 'fine-grained', login: 'alice', permissions: { statuses: 'write' } });
    const having = await forge.createToken({ kind: 'fine-grained', login: 'alice', permissions: { contents: 'read' } });

    expect(await infoRefs(closedUrl, 'git-upload-pack', basic('x', without.token))).toMatchObject({
      status: 403,
      text: 'Write access to repository not granted.\n',
    });
    expect((await lsRemote(withCredential(closedUrl, having.token))).code).toBe(0);
  });

  test('follows a repository to its new name', async () => {
    const { clone_url: url } = await forge.createRepository({ owner: 'acme', name: 'before', private: false, files: { a: 'a' } });
    await forge.changeRepository('acme/before', { name: 'after' });

    expect((await lsRemote(url)).stdout).toContain('refs/heads/main');
  });

  test('takes a compressed request in the second version of the protocol', async () => {
    const response = await fetch(`${openUrl}/git-upload-pack`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-git-upload-pack-request', 'content-encoding': 'gzip', 'git-protocol': 'version=2' },
      body: gzipSync('0014command=ls-refs\n0000'),
    });

    expect(await response.text()).toMatch(/ refs\/heads\/main\n/);
  });

  test('has only the smart protocol', async () => {
    const response = await fetch(`${openUrl}/info/refs`);

    expect(response.status).toBe(403);
    expect((await fetch(`${openUrl}/HEAD`)).status).toBe(404);
  });

  test('can be partial, and of a commit by its id', async () => {
    const { head } = await forge.readRepository('acme/open');

    const cloned = await git(folder.path, 'clone', '--quiet', '--bare', '--filter=blob:none', openUrl, 'partial');
    const fetched = await git(join(folder.path, 'partial'), 'fetch', '--quiet', '--depth=1', openUrl, head ?? '');

    expect([cloned, fetched]).toMatchObject([{ code: 0, stderr: '' }, { code: 0 }]);
  });
});

describe('writing', () => {
  test('is refused to who may only read', async () => {
    const { token: reader } = await forge.createToken({ kind: 'classic', login: 'rita', scopes: ['repo'], role: 'read' });
    const { token: fine } = await forge.createToken({ kind: 'fine-grained', login: 'alice', permissions: { contents: 'read' } });

    expect(await infoRefs(closedUrl, 'git-receive-pack', basic('x', reader))).toMatchObject({
      status: 403,
      text: 'Permission to acme/closed.git denied to rita.\n',
    });
    expect(await infoRefs(closedUrl, 'git-receive-pack', basic('x', fine))).toMatchObject({
      status: 403,
      text: 'Write access to repository not granted.\n',
    });
    expect((await infoRefs(openUrl, 'git-receive-pack')).status).toBe(401);
  });

  test('takes a push of more than Git sends in one piece', async () => {
    const work = join(folder.path, 'big');
    await git(folder.path, 'clone', '--quiet', withCredential(closedUrl, owner), 'big');
    writeFileSync(join(work, 'noise'), Buffer.from(Array.from({ length: 2_000_000 }, (_, index) => (index * 7_919) % 251)));
    await git(work, 'add', '.');
    await git(work, 'commit', '--quiet', '-m', 'Add noise');

    const pushed = await git(
      work,
      '-c',
      'http.postBuffer=1000',
      '-c',
      'core.compression=0',
      'push',
      '--quiet',
      'origin',
      'HEAD:refs/heads/noise',
    );

    expect(pushed).toMatchObject({ code: 0 });
    const { stdout: head } = await git(work, 'rev-parse', 'HEAD');
    expect((await forge.readRepository('acme/closed')).refs['refs/heads/noise']).toBe(head.trim());
    const effect = (await forge.effects()).findLast(({ method }) => method === 'PUSH');
    expect(effect).toMatchObject({
      path: '/acme/closed.git',
      status: 200,
      token: { login: 'alice' },
      body: { refs: [{ ref: 'refs/heads/noise' }] },
    });
  });

  test('ends with a client that leaves in the middle', async () => {
    const pushing = request(`${closedUrl}/git-receive-pack`, {
      method: 'POST',
      headers: { authorization: basic('x', owner), 'content-type': 'application/x-git-receive-pack-request', expect: '100-continue' },
    });
    pushing.on('error', () => undefined);
    const asked = once(pushing, 'continue');
    pushing.flushHeaders();
    await asked;

    pushing.destroy();

    // Waits for Git to have ended.
    await forge.settle();
  });

  test('is refused below refs/pull and to the default branch when it would remove it', async () => {
    const work = join(folder.path, 'big');

    const hidden = await git(work, 'push', 'origin', 'HEAD:refs/pull/9/head');
    const removed = await git(work, 'push', 'origin', ':main');

    expect(hidden.stderr).toContain('deny updating a hidden ref');
    expect(removed.stderr).toContain('deletion of the current branch prohibited');
  });
});

describe('what is made through the control API', () => {
  test('holds executables, links, submodules and odd names', async () => {
    const files = {
      'bin/run': { text: '#!/bin/sh\n', executable: true },
      link: { symlink: '../../etc/passwd' },
      sub: { submodule: 'a'.repeat(40) },
      'ä "q"\\b': { base64: 'AAE=' },
    };
    await forge.createRepository({ owner: 'acme', name: 'odd', private: false, files });

    await git(folder.path, 'clone', '--quiet', '--bare', `${forge.url}/acme/odd.git`, 'odd');
    const { stdout } = await git(join(folder.path, 'odd'), 'ls-tree', '-r', '-z', 'main');

    expect(
      stdout
        .split('\0')
        .map((line) => line.replace(/ \w+ \w{40}\t/, ' '))
        .toSorted(),
    ).toEqual(['', '100644 ä "q"\\b', '100755 bin/run', '120000 link', '160000 sub']);
  });

  test('holds 10,000 files', async () => {
    const files = Object.fromEntries(Array.from({ length: 10_000 }, (_, index) => [`d${index % 100}/f${index}.yml`, `n: ${index}\n`]));

    const { head } = await forge.createRepository({ owner: 'acme', name: 'large', files });

    expect(head).toMatch(/^[0-9a-f]{40}$/);
  });

  test('may be a tree that no Git would write', async () => {
    await forge.createRepository({ owner: 'acme', name: 'hostile', private: false });
    const blob = await forge.writeObject('acme/hostile', 'blob', Buffer.from('x'));
    const tree = await forge.writeObject('acme/hostile', 'tree', Buffer.concat([Buffer.from('100644 ../up\0'), Buffer.from(blob, 'hex')]));
    const who = 'Eve <eve@example.test> 1700000000 +0000';
    const commit = await forge.writeObject(
      'acme/hostile',
      'commit',
      Buffer.from(`tree ${tree}\nauthor ${who}\ncommitter ${who}\n\nHostile\n`),
    );

    await forge.moveRefs({ repository: 'acme/hostile', updates: [{ ref: 'refs/heads/main', sha: commit }] });

    expect((await lsRemote(`${forge.url}/acme/hostile.git`)).stdout).toContain(`${commit}\trefs/heads/main`);
  });

  test('may come from git fast-import', async () => {
    await forge.createRepository({ owner: 'acme', name: 'streamed', private: false });
    const stream =
      'commit refs/heads/main\ncommitter Eve <e@example.test> 1700000000 +0000\ndata 2\nhi\nM 100644 inline .gitmodules\ndata 1\nx\n\n';

    const { changes } = await forge.fastImport('acme/streamed', stream);

    expect(changes).toMatchObject([{ ref: 'refs/heads/main', before: '0'.repeat(40) }]);
  });

  test('refuses to lose commits unless told to', async () => {
    await forge.push({ repository: 'acme/open', branch: 'topic', files: { t: '1' } });

    const push = { repository: 'acme/open', branch: 'topic', parent: null, files: { t: '2' } };

    await expect(forge.push(push)).rejects.toThrow('409');
    await expect(forge.push({ ...push, force: true })).resolves.toMatchObject({ changes: [{ ref: 'refs/heads/topic' }] });
  });

  test('refuses what it does not know', async () => {
    const misspelt = { owner: 'acme', name: 'x', privat: true };

    await expect(forge.createRepository(misspelt)).rejects.toThrow('privat');
  });
});
