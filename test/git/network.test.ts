import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { execFileSync } from 'node:child_process';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Network } from '#domain/network.ts';
import { PLAIN_NETWORK } from '#domain/network.ts';
import type { Remote } from '#domain/remote.ts';
import { isFailure } from '#domain/failure.ts';
import { listRemoteRefs } from '#git/list-remote-refs.ts';
import { openMirror } from '#git/mirror.ts';
import { startConnectProxy } from '#test/support/connect-proxy.ts';
import { filesBelow } from '#test/support/files-below.ts';
import type { GitHttpServer } from '#test/support/git-http-server.ts';
import { startGitHttpServer } from '#test/support/git-http-server.ts';
import { newGit, newRepository, noAbort, recordingGit, temporaryFolder } from '#test/support/git-room.ts';
import { authority, certificate } from '#test/support/tls.ts';

const ACCESS = { username: 'bot', secret: 'CANARY_git_password' };
const PROXY_ACCESS = { username: 'CANARY_proxy_user', secret: 'CANARY_proxy_password' };
const CA = { caCertificate: authority('ca') };
const signal = noAbort();
let root: string;
let commit: string;
const closing: (() => Promise<unknown>)[] = [];

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'tributary-network-'));
  commit = newRepository(root, 'app.git').commit({ a: 'x' });
});
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

async function serve(name: Parameters<typeof certificate>[0] = 'server', withAccess = false): Promise<GitHttpServer> {
  const server = await startGitHttpServer({ root, tls: certificate(name), ...(withAccess ? { credential: ACCESS } : {}) });
  closing.push(() => server.close());
  return server;
}

async function proxyTo(server: GitHttpServer, credential?: typeof PROXY_ACCESS) {
  const proxy = await startConnectProxy(server.port, credential);
  closing.push(() => proxy.close());
  return proxy;
}

function remoteOf(url: string, network: Partial<Network>, more: Partial<Remote> = {}): Remote {
  return { url, access: undefined, pinned: undefined, plainHttp: false, network: { ...PLAIN_NETWORK, ...network }, ...more };
}

async function failureOf(work: Promise<unknown>) {
  try {
    await work;
  } catch (error) {
    if (isFailure(error)) return error;
  }
  throw new Error('nothing failed as it should');
}

describe('a Git server with a certificate of an own authority', () => {
  test('is looked at and cloned with that authority, which lies in a folder of the call for as long as it takes', async () => {
    const server = await serve();
    const git = await newGit();
    const files: { name: string; mode: number }[] = [];
    server.onRequest = () => {
      for (const name of readdirSync(git.scratchDir)) {
        const file = join(git.scratchDir, name, 'authorities.pem');
        files.push({ name: file, mode: statSync(file).mode & 0o777 }, { name, mode: statSync(join(git.scratchDir, name)).mode & 0o777 });
      }
      return undefined;
    };
    const remote = remoteOf(`${server.url}/app.git`, CA);

    expect((await listRemoteRefs(git, remote, signal)).refs.get('refs/heads/main')).toBe(commit);
    await openMirror(git, { key: 'app' }).update({ remote, signal, lookFirst: false });

    expect(files.length).toBeGreaterThan(3);
    expect(new Set(files.map(({ mode }) => mode.toString(8)))).toEqual(new Set(['600', '700']));
    expect(readdirSync(git.scratchDir)).toEqual([]);
  });

  test.each([
    ['another authority was given', 'server', { caCertificate: authority('other') }, 'is signed by an authority that is not trusted here'],
    ['none was given', 'server', {}, 'is signed by an authority that is not trusted here'],
    ['its certificate is out of date', 'expired', CA, 'has expired'],
    ['its certificate is of the future', 'early', CA, 'is not valid yet'],
    ['its certificate is for another host', 'elsewhere', CA, 'is for another host'],
  ] as const)('is told nothing when %s, and why is said', async (_, name, network, message) => {
    const server = await serve(name);

    const failure = await failureOf(listRemoteRefs(await newGit(), remoteOf(`${server.url}/app.git`, network, { access: ACCESS }), signal));

    expect(failure).toMatchObject({ code: 'TLS_UNTRUSTED', message: expect.stringContaining(`The certificate of 127.0.0.1 ${message}`) });
    expect(server.requests).toEqual([]);
  });

  test('is believed whatever it shows where verification is off', async () => {
    const server = await serve('expired');

    const { refs } = await listRemoteRefs(await newGit(), remoteOf(`${server.url}/app.git`, { tlsVerify: false }), signal);

    expect(refs.get('refs/heads/main')).toBe(commit);
  });
});

const via = (port: number, access?: typeof PROXY_ACCESS): Partial<Network> => ({
  ...CA,
  proxy: { scheme: 'http', host: '127.0.0.1', port, access },
});

describe('a proxy', () => {
  test('carries Git to the server, and neither password is in an argument, a variable or a file', async () => {
    const server = await serve('server', true);
    const proxy = await proxyTo(server, PROXY_ACCESS);
    const log = join(temporaryFolder(), 'calls');
    const realGit = dirname(execFileSync('sh', ['-c', 'command -v git'], { encoding: 'utf8' }).trim());
    const git = await newGit({ searchPath: [recordingGit(log), realGit].join(delimiter) });
    const files: string[] = [];
    let looks = 0;
    server.onRequest = () => {
      looks++;
      const told = [git.homeDir, git.scratchDir, git.mirrorsDir].flatMap(filesBelow).filter(({ bytes }) => bytes.includes('CANARY'));
      files.push(...told.map(({ path }) => path));
      return undefined;
    };
    const remote = remoteOf(`${server.url}/app.git`, via(proxy.port, PROXY_ACCESS), { access: ACCESS });

    const { refs } = await listRemoteRefs(git, remote, signal);
    await openMirror(git, { key: 'app' }).update({ remote, signal, lookFirst: false });

    expect(refs.get('refs/heads/main')).toBe(commit);
    const basic = `Basic ${Buffer.from('CANARY_proxy_user:CANARY_proxy_password').toString('base64')}`;
    expect(new Set(proxy.asked.map(({ target, authorization }) => `${target} ${authorization}`))).toEqual(
      new Set([`127.0.0.1:${server.port} ${basic}`]),
    );
    const calls = readFileSync(log, 'utf8');
    expect(calls).toContain('ls-remote');
    expect(calls).not.toContain('CANARY');
    expect(calls.split('\0').filter((part) => part.startsWith('arg:') && part.includes(String(proxy.port)))).toEqual([]);
    expect(looks).toBeGreaterThan(3);
    expect(files).toEqual([]);
  });

  test('is found at the addresses that were vetted, and asked for the server by its name', async () => {
    const server = await serve('elsewhere');
    const proxy = await proxyTo(server);
    const named = remoteOf(
      'https://git.example.com/app.git',
      { ...CA, proxy: { scheme: 'http', host: 'proxy.invalid', port: proxy.port, access: undefined } },
      { pinned: { host: 'proxy.invalid', port: proxy.port, addresses: ['127.0.0.1'] } },
    );

    expect((await listRemoteRefs(await newGit(), named, signal)).refs.get('refs/heads/main')).toBe(commit);
    expect(proxy.asked.map(({ target }) => target)).toEqual(['git.example.com:443']);
  });

  test.each([
    [407, 'PROXY_REFUSED', 'wants some (407)'],
    [403, 'PROXY_REFUSED', 'does not let anybody through'],
    [503, 'CONNECTION_FAILED', 'The proxy did not answer, or cannot reach the Git server.'],
  ])('that answers %i says so as %s', async (status, code, message) => {
    const server = await serve();
    const proxy = await proxyTo(server);
    proxy.refuse = status;

    const failure = await failureOf(
      listRemoteRefs(await newGit(), remoteOf(`${server.url}/app.git`, via(proxy.port, PROXY_ACCESS), { access: ACCESS }), signal),
    );

    expect(failure).toMatchObject({ code, message: expect.stringContaining(message) });
    expect(JSON.stringify([failure.message, String(failure.cause)])).not.toContain('CANARY');
    expect(server.requests).toEqual([]);
  });

  test('does not stand in for the server: one with a certificate that nobody trusts is told nothing', async () => {
    const server = await serve('expired', true);
    const proxy = await proxyTo(server);

    const failure = await failureOf(
      listRemoteRefs(await newGit(), remoteOf(`${server.url}/app.git`, via(proxy.port), { access: ACCESS }), signal),
    );

    expect(failure).toMatchObject({ code: 'TLS_UNTRUSTED', message: expect.stringContaining('has expired') });
    expect(server.requests).toEqual([]);
  });
});
