import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { spawnForge, type SpawnedForge } from '#test/forge/client.ts';
import { gitEnvironment } from '#test/forge/git/run.ts';
import { startForge } from '#test/forge/start.ts';
import { apiOf, git, makeFolder, withCredential, type Api } from './support.ts';

let forge: SpawnedForge;
let api: Api;
let sha: string;
const folder = makeFolder();

beforeAll(async () => {
  forge = await spawnForge();
  const { token } = await forge.createToken({ kind: 'classic', login: 'alice', scopes: ['repo'] });
  api = apiOf(forge.url, token);
  sha = (await forge.createRepository({ owner: 'acme', name: 'net', private: false, files: { a: 'a' } })).head ?? '';
  await forge.createRepository({ owner: 'acme', name: 'other', private: false, files: { a: 'a' } });
});
afterEach(() => forge.clearFaults());
afterAll(async () => {
  await forge.stop();
  folder.remove();
});

const statuses = (): string => `/repos/acme/net/statuses/${sha}`;

test('answers instead of the provider, after so many and so often as told', async () => {
  const respond = {
    kind: 'respond',
    status: 403,
    headers: { 'Retry-After': '7' },
    body: { message: 'You have exceeded a secondary rate limit' },
  } as const;
  await forge.addFault({ match: { path: '/statuses/', method: 'POST' }, after: 1, times: 1, action: respond });
  const before = (await forge.statuses('acme/net', sha)).length;

  const answers = [];
  for (let index = 0; index < 3; index++) answers.push(await api('POST', statuses(), { state: 'success' }));

  expect(answers.map(({ status }) => status)).toEqual([201, 403, 201]);
  expect(answers[1]?.headers.get('retry-after')).toBe('7');
  expect(await forge.statuses('acme/net', sha)).toHaveLength(before + 2);
});

test('does it and says it failed', async () => {
  await forge.addFault({ match: { method: 'POST' }, times: 1, action: { kind: 'fail-after-effect', status: 500 } });

  const { status } = await api('POST', statuses(), { state: 'success', context: 'hidden' });

  expect(status).toBe(500);
  expect((await forge.statuses('acme/net', sha)).at(-1)).toMatchObject({ context: 'hidden' });
  expect((await forge.effects()).at(-1)).toMatchObject({ status: 201, answered: 500 });
});

test('breaks the connection, at once or in the middle of an answer', async () => {
  await forge.addFault({ times: 1, action: { kind: 'drop' } });
  await expect(api('GET', '/user')).rejects.toThrow();

  await forge.addFault({ times: 1, action: { kind: 'truncate', bytes: 5 } });
  await expect(api('GET', '/user')).rejects.toThrow();

  expect((await api('GET', '/user')).status).toBe(200);
});

test('hangs until it is cleared', async () => {
  const id = await forge.addFault({ match: { path: '/user$' }, action: { kind: 'hang' } });
  const hanging = api('GET', '/user');
  const meanwhile = await api('GET', '/meta');

  await forge.clearFaults(id);

  expect(meanwhile.status).toBe(200);
  expect((await hanging).status).toBe(200);
});

test('hangs the Git of one repository for as long as the client stays', async () => {
  await forge.addFault({ target: 'git', match: { repository: 'acme/net' }, action: { kind: 'hang' } });
  const hanging = spawn('git', ['ls-remote', `${forge.url}/acme/net.git`], { env: gitEnvironment(), stdio: 'ignore' });

  const other = await git(folder.path, 'ls-remote', `${forge.url}/acme/other.git`);
  const stillThere = hanging.exitCode === null;
  hanging.kill('SIGKILL');
  await once(hanging, 'exit');
  await forge.settle();

  expect(other.code).toBe(0);
  expect(stillThere).toBe(true);
});

test('takes a push and says it failed', async () => {
  const { token } = await forge.createToken({ kind: 'classic', login: 'alice', scopes: ['repo'] });
  await git(folder.path, 'clone', '--quiet', withCredential(`${forge.url}/acme/other.git`, token), 'pushing');
  await forge.addFault({ target: 'git', match: { path: 'git-receive-pack$' }, times: 1, action: { kind: 'fail-after-effect' } });

  const pushed = await git(join(folder.path, 'pushing'), 'push', 'origin', 'HEAD:refs/heads/taken');

  expect(pushed.code).not.toBe(0);
  expect((await forge.readRepository('acme/other')).refs).toHaveProperty(['refs/heads/taken']);
  expect((await forge.effects()).at(-1)).toMatchObject({ method: 'PUSH', answered: 502 });
});

test('ends a fetch in the middle', async () => {
  await forge.addFault({ target: 'git', match: { path: 'git-upload-pack' }, times: 1, action: { kind: 'truncate', bytes: 20 } });

  const broken = await git(folder.path, 'clone', '--quiet', `${forge.url}/acme/net.git`, 'broken');
  const whole = await git(folder.path, 'clone', '--quiet', `${forge.url}/acme/net.git`, 'whole');

  expect(broken.code).not.toBe(0);
  expect(whole.code).toBe(0);
});

test('waits for an effect that is yet to come', async () => {
  const after = (await forge.effects()).at(-1)?.seq ?? 0;
  const waiting = forge.waitForEffect(({ path }) => path.includes('/statuses/'), { after });

  await api('POST', statuses(), { state: 'success', context: 'awaited' });

  expect(await waiting).toMatchObject({ body: { context: 'awaited' } });
});

test('forgets everything on reset', async () => {
  const own = await spawnForge();
  await own.createRepository({ owner: 'acme', name: 'net' });

  await own.reset();

  await expect(own.readRepository('acme/net')).rejects.toThrow('404');
  await own.createRepository({ owner: 'acme', name: 'net' });
  await own.stop();
});

test('runs in a test of its own process too, and keeps a folder it was given', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'forge-self-data-'));
  const own = await startForge({ dataDir });

  await fetch(`${own.url}/_forge/repositories`, { method: 'POST', body: JSON.stringify({ owner: 'acme', name: 'net' }) });
  await own.close();

  expect(existsSync(dataDir)).toBe(true);
  expect(readdirSync(dataDir)).not.toEqual([]);
  rmSync(dataDir, { recursive: true });
});
