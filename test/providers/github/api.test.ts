import nock from 'nock';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { github } from '#providers/github/index.ts';
import type { ForgeApi } from '#providers/contract.ts';

const SERVER = 'https://github.example.com';
const API = `${SERVER}/api/v3`;
const TOKEN = 'ghp_canaryCanaryCanaryCanaryCanary0123';
const REF = { fullName: 'acme/net-config' };
const COMMIT = 'a'.repeat(40);
const HOOK = { url: 'https://tributary.example.com/webhooks/github/1', secrets: [{ kind: 'hmac', secret: 's'.repeat(40) }] } as const;

beforeEach(() => nock.disableNetConnect());
afterEach(() => {
  nock.cleanAll();
  nock.enableNetConnect();
});

function open(url = SERVER): ForgeApi {
  const api = github.connect?.({ url, username: undefined, secret: TOKEN, fetch: globalThis.fetch });
  if (api === undefined) throw new Error('GitHub has an API');
  return api;
}
const signal = () => AbortSignal.timeout(5_000);
const writeStatus = () =>
  open().statuses?.write(
    REF,
    { commit: COMMIT, ref: 'main' },
    { context: 'tributary/import', state: 'success', description: 'd', targetUrl: 'https://t.example.com/' },
    signal(),
  );

test('github.com is asked at its API host, in the version that is meant, with the token', async () => {
  const scope = nock('https://api.github.com', {
    reqheaders: { authorization: `token ${TOKEN}`, 'x-github-api-version': '2022-11-28', 'user-agent': /tributary/ },
  })
    .get('/repos/acme/net-config')
    .reply(200, {
      id: 7,
      full_name: 'acme/net-config',
      default_branch: 'main',
      clone_url: 'https://github.com/acme/net-config.git',
      html_url: 'https://github.com/acme/net-config',
    });

  const repository = await open('https://github.com').readRepository(REF, signal());

  expect(repository).toMatchObject({ id: '7', defaultBranch: 'main' });
  expect(scope.isDone()).toBe(true);
});

test.each([
  ['a refused token', 401, { message: 'Bad credentials' }, {}, 'AUTH_FAILED'],
  ['a repository that is hidden or gone', 404, { message: 'Not Found' }, {}, 'REPO_NOT_FOUND'],
  ['a repository that moved', 301, { message: 'Moved Permanently' }, { location: `${API}/repositories/7` }, 'REPO_MOVED'],
  [
    'a missing permission',
    403,
    { message: 'Resource not accessible by personal access token' },
    { 'x-accepted-github-permissions': 'metadata=read' },
    'PERM_MISSING',
  ],
  ['single sign-on', 403, { message: 'SSO' }, { 'x-github-sso': 'required; url=https://github.com/orgs/acme/sso' }, 'PERM_MISSING'],
  [
    'a spent rate limit',
    403,
    { message: 'API rate limit exceeded' },
    { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '1' },
    'RATE_LIMITED',
  ],
  ['too many requests', 429, { message: 'slow down' }, { 'retry-after': '30' }, 'RATE_LIMITED'],
  ['the secondary limit', 403, { message: 'You have exceeded a secondary rate limit' }, {}, 'RATE_LIMITED'],
  ['an error of its own', 502, 'bad gateway', {}, 'PROVIDER_FAILED'],
  ['an answer that is none', 200, { unexpected: true }, {}, 'PROVIDER_FAILED'],
])('%s becomes a failure that says what follows', async (_what, status, body, headers, code) => {
  nock(API).get('/repos/acme/net-config').reply(status, body, headers);

  const failure = await open()
    .readRepository(REF, signal())
    .catch((error: unknown) => error);

  expect(failure).toMatchObject({ code });
  expect(JSON.stringify(failure) + String(failure)).not.toContain(TOKEN);
});

test.each([
  ['30', 30_000],
  ['0', 1_000],
  ['-5', 1_000],
  ['999999', 3_600_000],
  ['garbage', 60_000],
])('Retry-After %s means a wait of %i ms', async (value, retryAfterMs) => {
  nock(API).get('/repos/acme/net-config').reply(429, {}, { 'retry-after': value });

  await expect(open().readRepository(REF, signal())).rejects.toMatchObject({ code: 'RATE_LIMITED', retryAfterMs });
});

test('nothing is retried in here', async () => {
  const scope = nock(API).get('/repos/acme/net-config').once().reply(503, {});

  await expect(open().readRepository(REF, signal())).rejects.toMatchObject({ code: 'PROVIDER_FAILED' });

  expect(scope.isDone()).toBe(true);
});

test('a token that may not post statuses is told the permission in the words of GitHub', async () => {
  nock(API).post(`/repos/acme/net-config/statuses/${COMMIT}`).reply(404, { message: 'Not Found' });

  await expect(writeStatus()).rejects.toMatchObject({ code: 'PERM_MISSING', message: expect.stringContaining('repo:status') });
});

test("an invalid status keeps GitHub's own words", async () => {
  nock(API)
    .post(`/repos/acme/net-config/statuses/${COMMIT}`)
    .reply(422, { message: 'Validation Failed', errors: [{ message: `No commit found for SHA: ${COMMIT}` }] });

  await expect(writeStatus()).rejects.toMatchObject({ code: 'PROVIDER_REFUSED', message: expect.stringContaining('No commit found') });
});

test('a description is cut to what GitHub takes, by code point', async () => {
  let sent = '';
  nock(API)
    .post(`/repos/acme/net-config/statuses/${COMMIT}`, (body: { readonly description: string }) => {
      sent = body.description;
      return true;
    })
    .reply(201, {});

  await open().statuses?.write(
    REF,
    { commit: COMMIT, ref: 'main' },
    { context: 'c', state: 'failure', description: '🙂'.repeat(300), targetUrl: 'https://t.example.com/' },
    signal(),
  );

  expect(Array.from(sent)).toHaveLength(140);
  expect(sent.endsWith('…')).toBe(true);
});

test('a hook with our address is mended instead of doubled', async () => {
  nock(API)
    .get('/repos/acme/net-config/hooks')
    .query(true)
    .reply(200, [{ id: 5, active: false, events: ['push'], config: { url: HOOK.url, secret: '********' } }]);
  const patched = nock(API)
    .patch(
      '/repos/acme/net-config/hooks/5',
      (body: { readonly config: object; readonly active: boolean }) => body.active && 'secret' in body.config,
    )
    .reply(200, { id: 5, active: true, events: ['push', 'pull_request'], config: { url: HOOK.url, secret: '********' } });

  const hook = await open().hooks?.ensure(REF, HOOK, signal());

  expect(hook).toEqual({
    id: '5',
    active: true,
    events: ['push', 'pull_request'],
    url: HOOK.url,
    secretKind: 'hmac',
    problems: [],
  });
  expect(patched.isDone()).toBe(true);
});

test('removing a hook that is gone is done already', async () => {
  nock(API).delete('/repos/acme/net-config/hooks/5').reply(404, { message: 'Not Found' });

  await expect(open().hooks?.remove(REF, '5', signal())).resolves.toBeUndefined();
});

test('a server that does not answer is a lost connection', async () => {
  nock(API).get('/repos/acme/net-config').replyWithError('connection reset');

  await expect(open().readRepository(REF, signal())).rejects.toMatchObject({ code: 'CONNECTION_FAILED' });
});

test.each([
  ['https://github.example.com/acme/net-config.git', 'acme/net-config'],
  ['https://github.example.com/acme/net-config', 'acme/net-config'],
  ['https://github.example.com.evil.example/acme/net-config', undefined],
  ['https://other.example.com/acme/net-config', undefined],
  ['https://github.example.com/acme', undefined],
  ['https://github.example.com/acme/net/config', undefined],
])('%s is %s there', (url, fullName) => {
  expect(github.remoteRef(url, SERVER)?.fullName).toBe(fullName);
});

test.each([
  ['JSON that breaks off', '{"id": 7, "full_name": "acme', 'application/json'],
  ['a page for people', '<!doctype html><title>Sign in</title>', 'text/html'],
  ['a page that says it is JSON', '<!doctype html><title>Sign in</title>', 'application/json; charset=utf-8'],
  ['nothing', '', 'application/json'],
])('%s, answered with 200, is a fault of the server that passes', async (_what, body, type) => {
  nock(API).get('/repos/acme/net-config').reply(200, body, { 'content-type': type });

  await expect(open().readRepository(REF, signal())).rejects.toMatchObject({ code: 'PROVIDER_FAILED', retryClass: 'transient' });
});

test('a list of hooks whose pages never end is left after ten', async () => {
  let pages = 0;
  nock(API)
    .get('/repos/acme/net-config/hooks')
    .query(true)
    .times(100_000)
    .reply(() => {
      pages++;
      return [200, Array.from({ length: 100 }, (_, at) => ({ id: pages * 1_000 + at, active: true, events: [], config: {} }))];
    });

  expect(await open().hooks?.list(REF, signal())).toHaveLength(1_000);
  expect(pages).toBe(10);
});

test('a list of failed deliveries whose pages never end is left after ten, and its cursor is only ever sent to the same server', async () => {
  let pages = 0;
  nock(API)
    .get('/repos/acme/net-config/hooks/1/deliveries')
    .query(true)
    .times(100_000)
    .reply(() => {
      pages++;
      const delivery = { id: pages, guid: `guid-${pages}`, delivered_at: new Date().toISOString(), status_code: 502 };
      return [200, [delivery], { link: `<https://elsewhere.example.com/deliveries?cursor=v${pages}>; rel="next"` }];
    });

  const failed = await open().deliveries?.listFailed(REF, '1', { since: new Date(0), most: 200 }, signal());

  expect(failed).toHaveLength(10);
  expect(pages).toBe(10);
});
