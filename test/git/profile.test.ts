import { existsSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { checkGit } from '#git/check-git.ts';
import { listRemoteRefs } from '#git/list-remote-refs.ts';
import { openMirror } from '#git/mirror.ts';
import type { GitHttpServer } from '#test/support/git-http-server.ts';
import { startGitHttpServer } from '#test/support/git-http-server.ts';
import { newGit, newRepository, noAbort, recordingGit, remoteAt, temporaryFolder } from '#test/support/git-room.ts';

const SECRET = 'CANARY_TOK_profile_0123456789';
const ACCESS = { username: 'x-access-token', secret: SECRET };
const ALLOWED_NAMES =
  /^(?:PATH|HOME|LANG|LC_ALL|TZ|PWD|OLDPWD|_|SHLVL|GIT_(?:CONFIG_NOSYSTEM|ATTR_NOSYSTEM|TERMINAL_PROMPT|ALLOW_PROTOCOL|PROTOCOL_FROM_USER|NO_LAZY_FETCH|NO_REPLACE_OBJECTS|OPTIONAL_LOCKS|LITERAL_PATHSPECS|LFS_SKIP_SMUDGE|CEILING_DIRECTORIES|TEST_DISALLOW_ABBREVIATED_OPTIONS|DIR|OBJECT_DIRECTORY|ALTERNATE_OBJECT_DIRECTORIES|RUN_[A-Z_]+))$/;

let root: string;
let server: GitHttpServer;

beforeAll(async () => {
  root = (await import('node:fs')).mkdtempSync(join((await import('node:os')).tmpdir(), 'tributary-profile-'));
  server = await startGitHttpServer({ root, credential: ACCESS });
});
afterAll(async () => {
  await server.close();
  rmSync(root, { recursive: true, force: true });
});

describe('every call of Git', () => {
  test('has exactly our environment, carries no secret, and speaks one protocol', async () => {
    const repository = newRepository(root, 'one.git');
    const first = repository.commit({ 'a.txt': 'one' });
    const log = join(temporaryFolder(), 'calls');
    process.env['GIT_TRACE'] = '1';
    process.env['http_proxy'] = 'http://127.0.0.1:9';
    const git = await newGit({ searchPath: `${recordingGit(log)}:/usr/bin:/bin` });
    const remote = remoteAt(`${server.url}/one.git`, ACCESS);
    const mirror = openMirror(git, { key: 'one' });
    await mirror.update({ remote, signal: noAbort() });
    const second = repository.commit({ 'a.txt': 'two' });
    await mirror.update({ remote, signal: noAbort() });
    await listRemoteRefs(git, remote, noAbort());
    await mirror.resolve('main', noAbort());
    await mirror.listFiles(second, { signal: noAbort() });
    await mirror.diffFiles(first, second, { signal: noAbort() });
    await mirror.commitInfo(second, noAbort());
    delete process.env['GIT_TRACE'];
    delete process.env['http_proxy'];

    const calls = readFileSync(log, 'utf8')
      .split('\n')
      .filter((line) => line !== '');
    expect(calls.length).toBeGreaterThan(5);
    for (const call of calls) {
      const parts = call.split('\0');
      const environment = parts.filter((part) => part.startsWith('env:')).map((part) => part.slice(4));
      const names = environment.map((entry) => entry.split('=')[0] ?? '');
      expect(names.filter((name) => !ALLOWED_NAMES.test(name))).toEqual([]);
      expect(environment.find((entry) => entry.startsWith('GIT_ALLOW_PROTOCOL='))).toMatch(/=(?:none|http)$/);
      expect(call).not.toContain(SECRET);
      expect(call).not.toContain(Buffer.from(`${ACCESS.username}:${SECRET}`).toString('base64'));
    }
    expect(server.requests.some((request) => request.authorization !== undefined)).toBe(true);
  });

  test('leaves no secret in a mirror or in the home of Git', async () => {
    newRepository(root, 'kept.git').commit({ 'a.txt': 'one' });
    const git = await newGit();
    await openMirror(git, { key: 'kept' }).update({ remote: remoteAt(`${server.url}/kept.git`, ACCESS), signal: noAbort() });

    const files = [git.homeDir, git.mirrorsDir]
      .flatMap((folder) => readdirSync(folder, { recursive: true, withFileTypes: true }))
      .filter((entry) => entry.isFile());
    expect(files.length).toBeGreaterThan(3);
    for (const file of files) expect(readFileSync(join(file.parentPath, file.name)).includes(SECRET)).toBe(false);
  });

  test.runIf(existsSync('/proc/self/environ'))('shows no secret to whoever lists processes while it talks to the remote', async () => {
    newRepository(root, 'watched.git').commit({ 'a.txt': 'one' });
    const seen = new Set<string>();
    const leaks: string[] = [];
    server.onRequest = () => {
      for (const { command, all } of everyProcess()) {
        seen.add(command);
        if (all.includes(SECRET)) leaks.push(command);
      }
      return undefined;
    };

    await openMirror(await newGit(), { key: 'watched' }).update({
      remote: remoteAt(`${server.url}/watched.git`, ACCESS),
      signal: noAbort(),
    });

    server.onRequest = undefined;
    expect([...seen].some((command) => command.includes('remote-http'))).toBe(true);
    expect(leaks).toEqual([]);
  });

  test('is refused a credential that would smuggle a line', async () => {
    const git = await newGit();
    const remote = remoteAt(`${server.url}/one.git`, { username: 'x', secret: 'a\nhost=evil.example' });

    await expect(listRemoteRefs(git, remote, noAbort())).rejects.toThrow();
    expect(server.requests.at(-1)?.authorization ?? '').not.toContain('evil');
  });
});

describe('what the other side says', () => {
  test.each([
    [{ status: 301, headers: { location: 'http://127.0.0.1:1/elsewhere.git/info/refs' } }, 'REPO_MOVED'],
    [{ status: 302, headers: { location: 'http://127.0.0.1:1/elsewhere.git/info/refs' } }, 'REPO_MOVED'],
    [{ status: 401 }, 'AUTH_FAILED'],
    [{ status: 403 }, 'AUTH_FAILED'],
    [{ status: 404 }, 'REPO_NOT_FOUND'],
    [{ status: 429, headers: { 'retry-after': '30' } }, 'RATE_LIMITED'],
    [{ status: 503 }, 'PROVIDER_FAILED'],
  ])('%o is %s', async (answer, code) => {
    newRepository(root, `said-${answer.status}.git`).commit({ 'a.txt': 'one' });
    server.onRequest = () => answer;
    const git = await newGit();

    const failure = await listRemoteRefs(git, remoteAt(`${server.url}/said-${answer.status}.git`, ACCESS), noAbort()).catch(
      (error: unknown) => error,
    );

    server.onRequest = undefined;
    expect(failure).toMatchObject({ code });
    expect(JSON.stringify(failure) + String(failure)).not.toContain(SECRET);
  });

  test('a repository that asks for a credential nobody gave is AUTH_MISSING', async () => {
    newRepository(root, 'closed.git').commit({ 'a.txt': 'one' });

    await expect(listRemoteRefs(await newGit(), remoteAt(`${server.url}/closed.git`), noAbort())).rejects.toMatchObject({
      code: 'AUTH_MISSING',
    });
  });

  test('nobody there is CONNECTION_FAILED', async () => {
    await expect(listRemoteRefs(await newGit(), remoteAt('http://127.0.0.1:1/a/b.git'), noAbort())).rejects.toMatchObject({
      code: 'CONNECTION_FAILED',
    });
  });
});

describe('the check that the service starts by', () => {
  test('passes with the Git of this machine', async () => {
    const { version, problems } = await checkGit(await newGit());

    expect(version).toMatch(/^\d+\.\d+/);
    expect(problems).toEqual([]);
  });

  test('names every protection that is not there', async () => {
    const folder = temporaryFolder();
    // Answers all questions in the way that must be noticed: old, open to everything, and running hooks.
    const git = `#!/bin/sh
case " $* " in
*' version '*) echo 'git version 2.30.0' ;;
*https://127.0.0.1*) echo "fatal: Unable to find remote helper for 'https'" >&2; exit 128 ;;
*' update-ref '*) : >"$GIT_DIR/hook-ran" ;;
esac
`;
    writeFileSync(join(folder, 'git'), git, { mode: 0o755 });

    const { problems } = await checkGit(await newGit({ searchPath: folder }));

    expect(problems).toEqual([
      expect.stringContaining('2.30.0 is too old'),
      expect.stringContaining('ext::'),
      expect.stringContaining('local repositories'),
      expect.stringContaining('credential from a URL'),
      expect.stringContaining('git-remote-https'),
      expect.stringContaining('hooks'),
    ]);
  });
});

/** Arguments and environment of every process of this machine. */
function everyProcess(): readonly { readonly command: string; readonly all: string }[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        const command = readFileSync(`/proc/${pid}/cmdline`, 'latin1');
        return [{ command, all: command + readFileSync(`/proc/${pid}/environ`, 'latin1') }];
      } catch {
        // Gone meanwhile, or not ours.
        return [];
      }
    });
}
