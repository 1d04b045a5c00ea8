import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { spawnForge, type SpawnedForge } from '#test/forge/client.ts';

let forge: SpawnedForge;
let head: string;
const NET = '/repositories/acme/net-config';
const ALL = ['repository:write', 'pullrequest:write', 'webhook'];

beforeAll(async () => {
  forge = await spawnForge();
  head = (await forge.createRepository({ provider: 'bitbucket', owner: 'acme', name: 'net-config', files: { 'a.txt': 'a' } })).head ?? '';
  await forge.createRepository({ owner: 'acme', name: 'at-github', private: false, files: { 'a.txt': 'a' } });
});
afterAll(() => forge.stop());

/** Asks the REST API in the name of a token; `as` is its authorization. */
async function ask(as: string | undefined, method: string, path: string, body?: unknown) {
  const answer = await fetch(`${forge.url}/2.0${path}`, {
    method,
    redirect: 'manual',
    headers: { ...(as === undefined ? {} : { authorization: as }), 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  return { status: answer.status, headers: answer.headers, body: (text === '' ? undefined : JSON.parse(text)) as never };
}
const bearer = async (scopes: readonly string[] = ALL, more: object = {}) =>
  `Bearer ${(await forge.createToken({ kind: 'bitbucket-workspace', workspace: 'acme', scopes: [...scopes], ...more })).token}`;
const basic = (name: string, secret: string) => `Basic ${Buffer.from(`${name}:${secret}`).toString('base64')}`;

const hook = (events: readonly string[]) => ({ url: 'https://a.example.com/', events });
const annotations = (count: number) =>
  Array.from({ length: count }, (_, at) => ({ external_id: String(at), annotation_type: 'BUG', summary: 's' }));

interface PushPayload {
  readonly push: { readonly changes: readonly { readonly commits: readonly unknown[] }[] };
}

describe('a token', () => {
  test('of a workspace is refused its user, and the refusal says what it is', async () => {
    const { status, headers, body } = await ask(await bearer(['repository', 'webhook']), 'GET', '/user');

    expect(status).toBe(403);
    expect(headers.get('x-credential-type')).toBe('workspace_access_token');
    expect(headers.get('x-oauth-scopes')).toBe('repository, webhook');
    expect(headers.get('x-accepted-oauth-scopes')).toBe('account');
    expect(body).toMatchObject({ type: 'error', error: { detail: { required: ['account'], granted: ['repository', 'webhook'] } } });
  });

  test('of a person goes with its e-mail address, and not as Bearer', async () => {
    const { token } = await forge.createToken({
      kind: 'bitbucket-api',
      login: 'ana',
      email: 'ana@example.test',
      workspaces: ['acme'],
      scopes: ['read:user:bitbucket'],
    });

    expect(await ask(basic('ana@example.test', token), 'GET', '/user')).toMatchObject({ status: 200, body: { nickname: 'ana' } });
    for (const as of [basic('ana', token), basic('x-bitbucket-api-token-auth', token), `Bearer ${token}`])
      expect(await ask(as, 'GET', '/user')).toMatchObject({
        status: 401,
        body: { error: { message: expect.stringMatching(/invalid, expired/) } },
      });
  });

  test('without the scope is told which are needed and which are there', async () => {
    expect(await ask(await bearer(['repository']), 'GET', `${NET}/hooks`)).toMatchObject({
      status: 403,
      body: { error: { detail: { required: ['webhook'], granted: ['repository'] } } },
    });
  });

  test('clones with a name that goes with its kind, and no other', async () => {
    const secret = (await bearer()).slice('Bearer '.length);
    const clone = (name: string) =>
      fetch(`${forge.url}/acme/net-config.git/info/refs?service=git-upload-pack`, { headers: { authorization: basic(name, secret) } });

    expect((await clone('x-token-auth')).status).toBe(200);
    for (const name of ['x-bitbucket-api-token-auth', 'oauth2', 'ana']) expect((await clone(name)).status).toBe(401);
  });
});

describe('the API', () => {
  test('hides what is not there, what is of others and what is of another provider alike', async () => {
    const as = await bearer(ALL, { workspace: 'elsewhere' });

    for (const path of [NET, '/repositories/acme/nothing', '/repositories/acme/at-github'])
      expect(await ask(as, 'GET', path)).toMatchObject({
        status: 404,
        body: { error: { message: expect.stringContaining('no longer exists') } },
      });
  });

  test('has pages whose last one has no next', async () => {
    const as = await bearer();
    for (const url of ['https://a.example.com/', 'https://b.example.com/', 'https://c.example.com/'])
      expect((await ask(as, 'POST', `${NET}/hooks`, { url, events: ['repo:push'], description: 'd' })).status).toBe(201);

    const first = await ask(as, 'GET', `${NET}/hooks?pagelen=2`);
    const last = await ask(as, 'GET', `${NET}/hooks?pagelen=2&page=2`);

    expect(first.body).toMatchObject({ pagelen: 2, size: 3, page: 1, next: expect.stringContaining('page=2') });
    expect(first.body).not.toHaveProperty('previous');
    expect(last.body).not.toHaveProperty('next');
    expect(await ask(as, 'GET', `${NET}/hooks?pagelen=101`)).toMatchObject({ status: 400 });
  });

  test('has removed the lists across workspaces', async () => {
    for (const path of ['/repositories', '/workspaces', '/user/permissions/repositories'])
      expect(await ask(await bearer(), 'GET', path)).toMatchObject({
        status: 410,
        body: { error: { message: expect.stringMatching(/^CHANGE-2770/) } },
      });
  });

  test.each([
    [
      'a key of 41 characters',
      { key: 'k'.repeat(41), state: 'FAILED', url: 'https://t.example.com/' },
      /at most 40 characters \(it has 41\)/,
    ],
    ['no address', { key: 'k', state: 'FAILED' }, /^url: /],
    ['a state that is none', { key: 'k', state: 'PENDING', url: 'https://t.example.com/' }, /^state: /],
  ])('refuses a status with %s', async (_what, status, message) => {
    const answer = await ask(await bearer(), 'POST', `${NET}/commit/${head}/statuses/build`, status);

    expect(answer).toMatchObject({ status: 400, body: { error: { message: expect.stringMatching(message), fields: expect.any(Object) } } });
  });

  test('refuses events whose scope the token lacks, and events that are none', async () => {
    expect(await ask(await bearer(['webhook', 'repository']), 'POST', `${NET}/hooks`, hook(['pullrequest:created']))).toMatchObject({
      status: 403,
      body: { error: { detail: { required: ['pullrequest'] } } },
    });
    expect((await ask(await bearer(), 'POST', `${NET}/hooks`, hook(['repo:pushed']))).status).toBe(400);
  });

  test('keeps annotations when a report is written again, and takes no more than a hundred at once', async () => {
    const as = await bearer();
    const path = `${NET}/commit/${head}/reports/one`;
    const report = { title: 't', details: 'd', result: 'FAILED' };
    await ask(as, 'PUT', path, report);

    expect((await ask(as, 'POST', `${path}/annotations`, annotations(101))).status).toBe(400);
    expect((await ask(as, 'POST', `${path}/annotations`, annotations(3))).status).toBe(200);
    await ask(as, 'PUT', path, { ...report, result: 'PASSED' });
    expect((await ask(as, 'GET', `${path}/annotations`)).body).toMatchObject({ size: 3 });
    await ask(as, 'DELETE', path);
    expect((await ask(as, 'GET', path)).status).toBe(404);
  });
});

test('a push of many commits shows the five newest, and hooks that fail are asked three times under one key', async () => {
  const as = await bearer();
  const made = await forge.createRepository({ provider: 'bitbucket', owner: 'acme', name: 'pushed', files: { a: '1' } });
  await ask(as, 'POST', '/repositories/acme/pushed/hooks', { url: 'http://127.0.0.1:9/', events: ['repo:push'], secret: 's' });
  const commits = Array.from({ length: 7 }, (_, at) => ({ message: `m${at}`, files: { a: String(at + 2) } }));
  const { after } = await forge.push({ repository: made.full_name, branch: 'main', commits });
  await forge.settle();

  const sent = (await forge.deliveries({ event: 'repo:push' })).filter(({ url }) => url === 'http://127.0.0.1:9/');

  expect(sent.map(({ headers }) => headers['X-Attempt-Number'])).toEqual(['1', '2', '3']);
  expect(new Set(sent.map(({ headers }) => headers['X-Request-UUID'])).size).toBe(1);
  expect(sent[0]?.payload).toMatchObject({
    push: {
      changes: [
        { created: false, closed: false, forced: false, truncated: true, new: { type: 'branch', name: 'main', target: { hash: after } } },
      ],
    },
  });
  const payload = sent[0]?.payload as PushPayload | undefined;
  expect(payload?.push.changes[0]?.commits).toHaveLength(5);
});

test('pull requests name their commits by twelve digits', async () => {
  const as = await bearer();
  await forge.createRepository({ provider: 'bitbucket', owner: 'acme', name: 'pulls', files: { a: '1' } });
  await ask(as, 'POST', '/repositories/acme/pulls/hooks', {
    url: 'http://127.0.0.1:9/p',
    events: ['pullrequest:created', 'pullrequest:fulfilled'],
  });
  const { after } = await forge.push({ repository: 'acme/pulls', branch: 'sites', files: { b: '1' } });
  const { number } = await forge.openPull({ repository: 'acme/pulls', head: 'sites' });
  await forge.changePull('acme/pulls', number, { merge: true });
  await forge.settle();

  const [created] = await forge.deliveries({ event: 'pullrequest:created' });
  const [merged] = await forge.deliveries({ event: 'pullrequest:fulfilled' });

  expect(created?.payload).toMatchObject({ pullrequest: { state: 'OPEN', source: { commit: { hash: after.slice(0, 12) } } } });
  expect(merged?.payload).toMatchObject({ pullrequest: { state: 'MERGED' } });
  expect(await ask(as, 'GET', `/repositories/acme/pulls/commit/${after.slice(0, 12)}`)).toMatchObject({
    status: 200,
    body: { hash: after },
  });
});
