import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { checkGit } from '#git/check-git.ts';
import type { Git } from '#git/context.ts';
import { listRemoteRefs } from '#git/list-remote-refs.ts';
import { openLocalSource } from '#git/local.ts';
import { openMirror } from '#git/mirror.ts';
import type { GitHttpServer } from '#test/support/git-http-server.ts';
import { startGitHttpServer } from '#test/support/git-http-server.ts';
import { newGit, newRepository, noAbort, remoteAt, temporaryFolder } from '#test/support/git-room.ts';
import { PATIENCE } from '#test/support/patience.ts';

vi.setConfig(PATIENCE);
const signal = noAbort();
let root: string;
let server: GitHttpServer;

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'tributary-inherited-'));
  server = await startGitHttpServer({ root });
});
afterAll(async () => {
  await server.close();
  rmSync(root, { recursive: true, force: true });
});

/** What SECURITY.md B1 asks of every call, whatever repository it works on, and nothing beside it. */
const PROFILE: Readonly<Record<string, string>> = {
  'core.hookspath': '/dev/null',
  'core.symlinks': 'false',
  'core.fsmonitor': 'false',
  'core.attributesfile': '/dev/null',
  'core.excludesfile': '/dev/null',
  'core.usereplacerefs': 'false',
  'core.protecthfs': 'true',
  'core.protectntfs': 'true',
  'core.bigfilethreshold': '1m',
  'core.packedgitwindowsize': '32m',
  'core.packedgitlimit': '256m',
  'core.deltabasecachelimit': '32m',
  'core.fsync': 'objects,derived-metadata,reference',
  'core.askpass': '',
  'core.sshcommand': 'false',
  'core.gitproxy': '',
  'init.templatedir': '',
  'gc.auto': '0',
  'gc.autodetach': 'false',
  'maintenance.auto': 'false',
  'protocol.allow': 'never',
  'protocol.version': '2',
  'protocol.https.allow': 'always',
  'transfer.fsckobjects': 'true',
  'transfer.credentialsinurl': 'die',
  'transfer.bundleuri': 'false',
  'transfer.unpacklimit': '1',
  'receive.fsckobjects': 'true',
  'fetch.fsckobjects': 'true',
  'fetch.unpacklimit': '1',
  'fetch.recursesubmodules': 'no',
  'fetch.writecommitgraph': 'false',
  'fetch.showforcedupdates': 'false',
  'fetch.fsck.badtimezone': 'ignore',
  'fetch.fsck.missingspacebeforedate': 'ignore',
  'fetch.fsck.zeropaddedfilemode': 'ignore',
  'fsck.badtimezone': 'ignore',
  'fsck.missingspacebeforedate': 'ignore',
  'fsck.zeropaddedfilemode': 'ignore',
  'submodule.recurse': 'false',
  'http.followredirects': 'false',
  'http.sslverify': 'true',
  'http.proxy': '',
  'http.cookiefile': '',
  'http.savecookies': 'false',
  'http.emptyauth': 'false',
  'http.delegation': 'none',
  'http.maxrequests': '2',
  'http.maxretries': '0',
  'http.lowspeedlimit': '1000',
  'http.lowspeedtime': '20',
  'credential.helper': 'channel',
  'credential.usehttppath': 'true',
  'credential.interactive': 'false',
  'credential.protectprotocol': 'true',
  'safe.barerepository': 'explicit',
  'log.showsignature': 'false',
  'advice.detachedhead': 'false',
  'pack.writebitmaps': 'false',
  'pack.threads': '2',
  'pack.windowmemory': '64m',
  'pack.deltacachesize': '32m',
  'repack.writebitmaps': 'false',
};
/** What a repository of ours says besides, and a clone before it is reduced to one. */
const OWN = /^(?:core\.(?:repositoryformatversion|bare|alternaterefsprefixes|filemode)|extensions\.objectformat|remote\.origin\.url)=/;

/** A `git` in front of the real one that notes the configuration that the call has. Returns the search path to find it under. */
function askingGit(log: string): string {
  const folder = join(dirname(log), 'asking');
  mkdirSync(folder);
  const real = execFileSync('sh', ['-c', 'command -v git'], { encoding: 'utf8' }).trim();
  const script = `#!/bin/sh\nif [ "$1" != init ]; then { printf 'call %s\\n' "$*"; '${real}' config --list; } >>'${log}'; fi\nexec '${real}' "$@"\n`;
  writeFileSync(join(folder, 'git'), script);
  chmodSync(join(folder, 'git'), 0o755);
  return `${folder}:/usr/bin:/bin`;
}

/** Every kind of call that the service makes, on a repository with two commits. */
async function makeEveryCall(git: Git, name: string): Promise<void> {
  const repository = newRepository(root, `${name}.git`);
  const first = repository.commit({ 'a.txt': 'one' });
  const remote = remoteAt(`${server.url}/${name}.git`);
  const mirror = openMirror(git, { key: name });
  await mirror.update({ remote, signal });
  const second = repository.commit({ 'a.txt': 'two' });
  await mirror.update({ remote, signal, want: { refs: ['refs/heads/main'] } });
  await listRemoteRefs(git, remote, signal);
  const commit = await mirror.resolve('main', signal);
  await mirror.resolve(second.slice(0, 10), signal);
  await mirror.isAncestor(second, first, signal);
  const { files } = await mirror.listFiles(commit, { signal });
  await mirror.diffFiles(first, second, { signal });
  await mirror.commitInfo(second, signal);
  for await (const _ of mirror.readBlobs(files, signal));
}

test('every call of Git has the whole profile in effect, and nothing of anybody else', async () => {
  const log = join(temporaryFolder(), 'configuration');

  await makeEveryCall(await newGit({ searchPath: askingGit(log) }), 'every');

  const calls = readFileSync(log, 'utf8')
    .split(/^call /m)
    .slice(1);
  const commands = new Set(calls.map((call) => /^(?:-c \S+ )*(\S+)/.exec(call)?.[1]));
  expect(commands).toEqual(new Set(['cat-file', 'clone', 'diff-tree', 'fetch', 'log', 'ls-remote', 'ls-tree', 'merge-base', 'rev-parse']));
  for (const call of calls) {
    const lines = call
      .split('\n')
      .slice(1)
      .filter((line) => line !== '' && !OWN.test(line));
    const effective = Object.fromEntries(lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]));
    expect(effective).toEqual(PROFILE);
  }
});

describe('whoever starts the service decides nothing of what Git does', () => {
  test('neither by configuration of the machine and the user, nor by the environment', async () => {
    const folder = temporaryFolder();
    const marker = join(folder, 'executed');
    const run = `touch ${marker}`;
    const home = join(folder, 'home');
    const templates = join(folder, 'templates');
    mkdirSync(join(home, '.config', 'git'), { recursive: true });
    mkdirSync(join(templates, 'hooks'), { recursive: true });
    writeFileSync(join(templates, 'hooks', 'reference-transaction'), `#!/bin/sh\n${run}\n`, { mode: 0o755 });
    const hostile = `[protocol "ext"]\n\tallow = always\n[protocol]\n\tallow = always\n[core]\n\tsshCommand = ${run}\n\tfsmonitor = ${run}\n\thooksPath = ${join(templates, 'hooks')}\n\tgitProxy = ${run}\n\taskPass = ${run}\n[http]\n\tproxy = http://127.0.0.1:9\n\tfollowRedirects = true\n\tsslVerify = false\n[credential]\n\thelper = "!${run}"\n[init]\n\ttemplateDir = ${templates}\n[url "http://127.0.0.1:9/"]\n\tinsteadOf = http://127.0.0.1\n`;
    const file = join(folder, 'gitconfig');
    for (const path of [file, join(home, '.gitconfig'), join(home, '.config', 'git', 'config')]) writeFileSync(path, hostile);
    const inherited: Readonly<Record<string, string>> = {
      HOME: home,
      XDG_CONFIG_HOME: join(home, '.config'),
      GIT_CONFIG_SYSTEM: file,
      GIT_CONFIG_GLOBAL: file,
      GIT_CONFIG_COUNT: '1',
      GIT_CONFIG_KEY_0: 'protocol.ext.allow',
      GIT_CONFIG_VALUE_0: 'always',
      GIT_CONFIG_PARAMETERS: "'protocol.ext.allow'='always'",
      GIT_ALLOW_PROTOCOL: 'ext:file:http:https',
      GIT_PROTOCOL_FROM_USER: '1',
      GIT_SSH_COMMAND: run,
      GIT_PROXY_COMMAND: run,
      GIT_ASKPASS: run,
      SSH_ASKPASS: run,
      GIT_EXTERNAL_DIFF: run,
      GIT_PAGER: run,
      GIT_EDITOR: run,
      GIT_TEMPLATE_DIR: templates,
      GIT_EXEC_PATH: folder,
      GIT_SSL_NO_VERIFY: '1',
      GIT_TRACE_CURL: join(folder, 'trace'),
      GIT_DIR: folder,
      GIT_WORK_TREE: folder,
      GIT_INDEX_FILE: join(folder, 'index'),
      GIT_OBJECT_DIRECTORY: folder,
      GIT_ALTERNATE_OBJECT_DIRECTORIES: folder,
      GIT_REPLACE_REF_BASE: 'refs/heads/',
      http_proxy: 'http://127.0.0.1:9',
      https_proxy: 'http://127.0.0.1:9',
      ALL_PROXY: 'socks5://127.0.0.1:9',
    };
    const git = await newGit();
    // Made first, with an environment of its own.
    for (const [name, value] of Object.entries(inherited)) vi.stubEnv(name, value);

    await makeEveryCall(git, 'stubborn');
    const { problems } = await checkGit(git);

    vi.unstubAllEnvs();
    expect(problems).toEqual([]);
    expect(existsSync(marker)).toBe(false);
    expect(existsSync(join(folder, 'trace'))).toBe(false);
  });
});

test('a folder that lacks objects of its promisor is damaged, and nobody is asked for them', async () => {
  const repository = newRepository(root, 'promised.git');
  repository.git(['config', 'uploadpack.allowFilter', 'true']);
  repository.commit({ 'a.txt': 'one' });
  const partial = join(temporaryFolder(), 'partial');
  // The server runs in this process, which must not stand still meanwhile.
  await once(
    spawn('git', ['clone', '-q', '--bare', '--filter=blob:none', `${server.url}/promised.git`, partial], { stdio: 'ignore' }),
    'exit',
  );
  const before = server.requests.length;

  const source = await openLocalSource(await newGit(), partial, signal);
  const reading = (async () => {
    const { files } = await source.listFiles({ signal });
    return Array.fromAsync(source.readBlobs(files, signal));
  })();

  await expect(reading).rejects.toMatchObject({ code: expect.stringMatching(/CORRUPT$/) });
  expect(server.requests.length).toBe(before);
});
