import { spawn } from 'node:child_process';
import { existsSync, readFileSync, readdirSync, writeFileSync, mkdirSync, chmodSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openLocalSource } from '#git/local.ts';
import { openMirror } from '#git/mirror.ts';
import { cleanMirrors } from '#git/mirrors.ts';
import type { GitHttpServer } from '#test/support/git-http-server.ts';
import { startGitHttpServer } from '#test/support/git-http-server.ts';
import { LIMITS, newGit, newRepository, noAbort, remoteAt, temporaryFolder } from '#test/support/git-room.ts';

let root: string;
let server: GitHttpServer;

beforeAll(async () => {
  root = (await import('node:fs')).mkdtempSync(join((await import('node:os')).tmpdir(), 'tributary-hostile-'));
  server = await startGitHttpServer({ root });
});
afterAll(async () => {
  await server.close();
  rmSync(root, { recursive: true, force: true });
});

const remote = (name: string) => remoteAt(`${server.url}/${name}`);
const update = { signal: noAbort() };

describe('what a repository may hold', () => {
  test('links, submodules and forbidden names are reported and never followed', async () => {
    const repository = newRepository(root, 'entries.git');
    const blob = repository.blob('x');
    const link = repository.blob('/etc/passwd');
    const tree = repository.tree([
      `100644 blob ${blob}\tplain.txt`,
      `120000 blob ${link}\tlink`,
      `160000 commit ${'a'.repeat(40)}\tmodule`,
      `100755 blob ${blob}\trun.sh`,
    ]);
    const commit = repository.commitTree(tree);
    const mirror = openMirror(await newGit(), { key: 'entries' });
    await mirror.update({ remote: remote('entries.git'), ...update });

    const listing = await mirror.listFiles(commit, update);

    expect(listing.files.map((file) => file.path)).toEqual(['plain.txt', 'run.sh']);
    expect(listing.skipped.map(({ path, reason }) => [path, reason])).toEqual([
      ['link', 'symlink'],
      ['module', 'submodule'],
    ]);
  });

  test('attributes change no byte of what is read', async () => {
    const repository = newRepository(root, 'attributes.git');
    const content = 'a\r\n$Id$\n$Format:%H$\n';
    const commit = repository.commit({
      '.gitattributes': '* text eol=crlf ident export-subst filter=x working-tree-encoding=UTF-16\n',
      'a.txt': content,
    });
    const mirror = openMirror(await newGit(), { key: 'attributes' });
    await mirror.update({ remote: remote('attributes.git'), ...update });
    const { files } = await mirror.listFiles(commit, update);

    const read = await Array.fromAsync(
      mirror.readBlobs(
        files.filter((file) => file.path === 'a.txt'),
        noAbort(),
      ),
      ({ bytes }) => Buffer.from(bytes).toString(),
    );

    expect(read).toEqual([content]);
  });

  test('a tree of ten billion entries ends at the limit', async () => {
    const repository = newRepository(root, 'bomb.git');
    let id = repository.blob('boom');
    let line = (name: number) => `100644 blob ${id}\tf${name}`;
    for (let depth = 0; depth < 10; depth++) {
      const current = id;
      const kind = depth === 0 ? '100644 blob' : '040000 tree';
      line = (name) => `${kind} ${current}\td${name}`;
      id = repository.tree(Array.from({ length: 10 }, (_, at) => line(at)));
    }
    const commit = repository.commitTree(id);
    const git = await newGit({ limits: { ...LIMITS, maxEntries: 5_000 } });
    const mirror = openMirror(git, { key: 'bomb' });
    await mirror.update({ remote: remote('bomb.git'), ...update });

    await expect(mirror.listFiles(commit, update)).rejects.toMatchObject({
      code: 'TOO_LARGE',
      message: expect.stringContaining('TRIBUTARY_MAX_ENTRIES'),
    });
  });

  test('the limit of entries and of one file is exact', async () => {
    const repository = newRepository(root, 'limits.git');
    const commit = repository.commit({ a: 'x'.repeat(100), b: 'x'.repeat(101), c: 'x' });
    const atLimit = openMirror(await newGit({ limits: { ...LIMITS, maxEntries: 3, maxBlobBytes: 100 } }), { key: 'limits' });
    await atLimit.update({ remote: remote('limits.git'), ...update });
    const listing = await atLimit.listFiles(commit, update);
    expect(listing.files.map((file) => file.path)).toEqual(['a', 'c']);
    expect(listing.skipped).toEqual([{ path: 'b', reason: 'too-large', sizeBytes: 101 }]);

    const below = openMirror(await newGit({ limits: { ...LIMITS, maxEntries: 2 } }), { key: 'limits' });
    await below.update({ remote: remote('limits.git'), ...update });
    await expect(below.listFiles(commit, update)).rejects.toMatchObject({ code: 'TOO_LARGE' });
  });

  test('refs that look like options are left out and say so, the others are taken', async () => {
    const repository = newRepository(root, 'refs.git');
    const commit = repository.commit({ 'a.txt': 'x' });
    const packed = ['--output=pwn', '-x', 'good'].map((name) => `${commit} refs/heads/${name}\n`).join('');
    writeFileSync(join(repository.dir, 'packed-refs'), `# pack-refs with: peeled fully-peeled sorted \n${packed}`);
    const mirror = openMirror(await newGit(), { key: 'refs' });

    const result = await mirror.update({ remote: remote('refs.git'), ...update });

    expect([...result.refs.keys()]).toEqual(expect.arrayContaining(['refs/heads/good', 'refs/heads/main']));
    expect(result.skipped).toEqual(expect.arrayContaining(['refs/heads/--output=pwn', 'refs/heads/-x']));
    await expect(mirror.resolve('--output=pwn', noAbort())).rejects.toMatchObject({ code: 'REF_NOT_FOUND' });
    expect(existsSync('pwn')).toBe(false);
  });

  test('a branch that becomes a folder of branches, and back, converges', async () => {
    const repository = newRepository(root, 'df.git');
    const commit = repository.commit({ 'a.txt': 'x' }, { branch: 'feature' });
    const mirror = openMirror(await newGit(), { key: 'df' });
    await mirror.update({ remote: remote('df.git'), ...update });
    repository.git(['update-ref', '-d', 'refs/heads/feature']);
    repository.git(['update-ref', 'refs/heads/feature/x', commit]);

    const result = await mirror.update({ remote: remote('df.git'), ...update });

    expect([...result.refs.keys()]).toEqual(['refs/heads/feature/x']);
  });

  test('an empty repository says that it is empty', async () => {
    newRepository(root, 'empty.git');
    const mirror = openMirror(await newGit(), { key: 'empty' });
    await mirror.update({ remote: remote('empty.git'), ...update });

    await expect(mirror.resolve('main', noAbort())).rejects.toMatchObject({ code: 'REPO_EMPTY' });
  });
});

describe('a mirror', () => {
  test('that a killed clone left is not trusted', async () => {
    newRepository(root, 'half.git').commit({ 'a.txt': 'x' });
    const git = await newGit();
    const half = join(git.mirrorsDir, 'half.git');
    mkdirSync(join(half, 'objects', 'pack'), { recursive: true });
    mkdirSync(join(half, 'refs'));
    writeFileSync(join(half, 'HEAD'), 'ref: refs/heads/main\n');
    writeFileSync(join(half, 'config'), '[core]\n\tbare = true\n');
    writeFileSync(join(half, 'objects', 'pack', 'tmp_pack_x'), 'garbage');
    const mirror = openMirror(git, { key: 'half' });
    await expect(mirror.resolve('main', noAbort())).rejects.toMatchObject({ code: 'MIRROR_CORRUPT' });

    expect((await mirror.update({ remote: remote('half.git'), ...update })).how).toBe('cloned');
    expect(await mirror.resolve('main', noAbort())).toMatch(/^[0-9a-f]{40}$/);
  });

  test('whose pack is damaged is found out and made anew', async () => {
    const repository = newRepository(root, 'damaged.git');
    const commit = repository.commit(
      Object.fromEntries(Array.from({ length: 50 }, (_, at) => [`f${at}.txt`, `content ${at} `.repeat(200)])),
    );
    const git = await newGit();
    const mirror = openMirror(git, { key: 'damaged' });
    await mirror.update({ remote: remote('damaged.git'), ...update });
    const packs = join(git.mirrorsDir, 'damaged.git', 'objects', 'pack');
    for (const name of readdirSync(packs).filter((entry) => entry.endsWith('.pack'))) {
      chmodSync(join(packs, name), 0o600);
      const bytes = readFileSync(join(packs, name));
      writeFileSync(join(packs, name), bytes.fill(0, 12, bytes.length - 20));
    }
    const read = async () => {
      const { files } = await mirror.listFiles(commit, update);
      return Array.fromAsync(mirror.readBlobs(files, noAbort()));
    };
    await expect(read()).rejects.toMatchObject({ code: 'MIRROR_CORRUPT' });

    await mirror.update({ remote: remote('damaged.git'), ...update });
    expect(await read()).toHaveLength(50);
  });

  test('fifty broken fetches leave the disk as it was', async () => {
    const repository = newRepository(root, 'broken.git');
    const good = repository.commit({ 'a.txt': 'x' });
    const git = await newGit();
    const mirror = openMirror(git, { key: 'broken' });
    await mirror.update({ remote: remote('broken.git'), ...update });
    const before = readdirSync(git.mirrorsDir, { recursive: true, encoding: 'utf8' }).toSorted();
    // A commit whose author has no address: fsck refuses it, after its pack has come.
    const tree = repository.git(['rev-parse', `${good}^{tree}`]);
    const commit = repository.git(
      ['hash-object', '-w', '-t', 'commit', '--literally', '--stdin'],
      `tree ${tree}\nparent ${good}\nauthor nobody 1 +0000\ncommitter nobody 1 +0000\n\nx\n`,
    );
    repository.git(['update-ref', 'refs/heads/main', commit]);

    for (let round = 0; round < 50; round++)
      await expect(mirror.update({ remote: remote('broken.git'), ...update })).rejects.toMatchObject({ code: 'REMOTE_CORRUPT' });

    expect(readdirSync(git.mirrorsDir, { recursive: true, encoding: 'utf8' }).toSorted()).toEqual(before);
  }, 300_000);

  test('has one writer at a time, and what killed writers left is cleaned away', async () => {
    const repository = newRepository(root, 'busy.git');
    repository.commit({ 'a.txt': 'x' });
    const git = await newGit();
    mkdirSync(join(git.mirrorsDir, 'tmp.busy.00000000-0000-4000-8000-000000000000'));
    const mirror = openMirror(git, { key: 'busy' });

    const results = await Promise.all(Array.from({ length: 6 }, () => mirror.update({ remote: remote('busy.git'), ...update })));

    expect(results.filter((result) => result.how === 'cloned')).toHaveLength(1);
    expect(await cleanMirrors(git)).toEqual(['tmp.busy.00000000-0000-4000-8000-000000000000']);
    expect(readdirSync(git.mirrorsDir).toSorted()).toEqual(['busy.git', 'locks']);
  });
});

/** Processes whose environment names a folder that is this test's alone. */
function processesOf(marker: string): readonly string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        return (
          readFileSync(`/proc/${pid}/environ`, 'utf8').includes(marker) && readFileSync(`/proc/${pid}/stat`, 'utf8').split(' ')[2] !== 'Z'
        );
      } catch {
        return false;
      }
    });
}

async function untilNone(marker: string): Promise<void> {
  for (let tries = 0; processesOf(marker).length > 0; tries++) {
    if (tries > 200) throw new Error(`still there: ${processesOf(marker).join(', ')}`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

async function untilSome(marker: string): Promise<void> {
  for (let tries = 0; processesOf(marker).length === 0; tries++) {
    if (tries > 400) throw new Error('Git never started');
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

describe.runIf(existsSync('/proc/self/environ'))('a server that never answers', () => {
  test('is left when the run is aborted, and no process of Git stays', async () => {
    newRepository(root, 'hangs.git').commit({ 'a.txt': 'x' });
    server.onRequest = () => 'hang';
    const git = await newGit();
    const abort = new AbortController();
    const updating = openMirror(git, { key: 'hangs' }).update({ remote: remote('hangs.git'), signal: abort.signal });
    updating.catch(() => undefined);
    await untilSome(git.homeDir);

    abort.abort();

    await expect(updating).rejects.toMatchObject({ code: 'CANCELLED' });
    await untilNone(git.homeDir);
    server.onRequest = undefined;
  });

  test('is left when its time is over, and no process of Git stays', async () => {
    newRepository(root, 'slow.git').commit({ 'a.txt': 'x' });
    server.onRequest = () => 'hang';
    const git = await newGit({ timeoutMs: 700 });

    await expect(openMirror(git, { key: 'slow' }).update({ remote: remote('slow.git'), ...update })).rejects.toMatchObject({
      code: 'CLONE_TIMEOUT',
    });

    await untilNone(git.homeDir);
    server.onRequest = undefined;
  });

  test('does not keep Git alive when the process that asked is killed', async () => {
    newRepository(root, 'orphan.git').commit({ 'a.txt': 'x' });
    server.onRequest = () => 'hang';
    const dataDir = join(temporaryFolder(), 'data');
    const child = spawn(
      process.execPath,
      [fileURLToPath(new URL('fixtures/update-mirror.ts', import.meta.url)), dataDir, `${server.url}/orphan.git`],
      { stdio: 'ignore' },
    );
    await untilSome(join(dataDir, 'git', 'home'));

    child.kill('SIGKILL');

    await untilNone(join(dataDir, 'git', 'home'));
    server.onRequest = undefined;
  });
});

describe('a folder of this machine', () => {
  test('runs nothing of what its repository configures', async () => {
    const folder = temporaryFolder();
    const work = join(folder, 'work');
    const { execFileSync } = await import('node:child_process');
    execFileSync('git', ['init', '-q', '-b', 'main', work]);
    writeFileSync(join(work, 'a.txt'), 'one\n');
    execFileSync('git', ['-C', work, 'add', '.']);
    execFileSync('git', ['-C', work, '-c', 'user.name=a', '-c', 'user.email=a@example.com', 'commit', '-qm', 'one']);
    const marker = join(folder, 'executed');
    for (const [key, value] of [
      ['core.fsmonitor', `touch ${marker}`],
      ['filter.x.clean', `touch ${marker}`],
      ['filter.x.smudge', `touch ${marker}`],
      ['core.hooksPath', folder],
      ['core.sshCommand', `touch ${marker}`],
      ['diff.x.textconv', `touch ${marker}`],
    ] as const)
      execFileSync('git', ['-C', work, 'config', key, value]);
    writeFileSync(join(work, '.git', 'info', 'attributes'), '* filter=x diff=x\n');

    const source = await openLocalSource(await newGit(), work, noAbort());
    const { files } = await source.listFiles(update);
    const read = await Array.fromAsync(source.readBlobs(files, noAbort()), ({ bytes }) => Buffer.from(bytes).toString());

    expect(source.dirty).toBe(false);
    expect(read).toEqual(['one\n']);
    writeFileSync(join(work, 'a.txt'), 'two\n');
    expect((await openLocalSource(await newGit(), work, noAbort())).dirty).toBe(true);
    writeFileSync(join(work, 'a.txt'), 'one\n');
    writeFileSync(join(work, 'new.txt'), 'new\n');
    expect((await openLocalSource(await newGit(), work, noAbort())).dirty).toBe(true);
    expect(existsSync(marker)).toBe(false);
  });

  test('without Git is a commit made from its bytes, the same for the same content', async () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, 'sub'));
    writeFileSync(join(folder, 'sub', 'a.txt'), 'one');
    const first = await openLocalSource(await newGit(), folder, noAbort());
    const again = await openLocalSource(await newGit(), folder, noAbort());
    writeFileSync(join(folder, 'sub', 'a.txt'), 'two');
    const other = await openLocalSource(await newGit(), folder, noAbort());

    expect(first.commit).toMatch(/^[0-9a-f]{40}$/);
    expect(again.commit).toBe(first.commit);
    expect(other.commit).not.toBe(first.commit);
    expect((await first.listFiles({ prefix: 'sub', ...update })).files.map((file) => file.path)).toEqual(['sub/a.txt']);
  });
});
