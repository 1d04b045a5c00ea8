import nock from 'nock';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { bitbucket } from '#providers/bitbucket/index.ts';

const API = 'https://api.bitbucket.org';
const TOKEN = 'ATCTTcanaryCanaryCanary0123';
const REF = { fullName: 'acme/net-config' };
const PATH = '/2.0/repositories/acme/net-config';
const HIDDEN =
  'You may not have access to this repository or it no longer exists in this workspace. If you think this repository exists and you have access, make sure you are authenticated.';
const says = (message: string, more: object = {}) => ({ type: 'error', error: { message, ...more } });
const limited = (headers: Record<string, string>) => nock(API).get(PATH).reply(429, says('Rate limit'), headers);
const hooks = (next: string) => ({ values: [{ uuid: '{1}', url: 'https://t.example.com/' }], next });
const soon = () => AbortSignal.timeout(5_000);

function open(told: string[] = []) {
  const onRefused = async (what: string) => void told.push(what);
  const onLimited = async (ms: number) => void told.push(`${ms}`);
  const api = bitbucket.connect?.({
    url: 'https://bitbucket.org',
    username: undefined,
    secret: TOKEN,
    fetch: globalThis.fetch,
    onRefused,
    onLimited,
  });
  if (api === undefined) throw new Error('Bitbucket has an API');
  return api;
}

beforeEach(() => nock.disableNetConnect());
afterEach(() => {
  nock.cleanAll();
  nock.enableNetConnect();
});

describe('an answer of Bitbucket', () => {
  test.each<[string, number, object | string, Record<string, string>, string, RegExp]>([
    ['a refused token', 401, says('Token is invalid, expired, or not supported for this endpoint.'), {}, 'AUTH_FAILED', /invalid, expired/],
    ['a hidden repository, with 401', 401, says(HIDDEN), {}, 'REPO_NOT_FOUND', /does not find it, or hides it/],
    ['a hidden repository, with 404', 404, says(HIDDEN), {}, 'REPO_NOT_FOUND', /does not find it, or hides it/],
    ['a repository that never was', 404, says('Repository acme/net-config not found'), {}, 'REPO_NOT_FOUND', /does not find it/],
    [
      'a scope that is missing',
      403,
      says('Your credentials lack one or more required privilege scopes.', {
        detail: { required: ['read:repository:bitbucket'], granted: ['read:webhook:bitbucket'] },
      }),
      {},
      'PERM_MISSING',
      /lacks the scope read:repository:bitbucket/,
    ],
    ['a permission that is missing', 403, says('Forbidden', { detail: 'in words' }), {}, 'PERM_MISSING', /lacks Repositories: Read/],
    ['scopes that are none', 403, says('no', { detail: { required: ['<b>'] } }), {}, 'PERM_MISSING', /lacks Repositories: Read/],
    ['an endpoint that was removed', 410, says('CHANGE-2770 - Functionality has been deprecated'), {}, 'PROVIDER_REFUSED', /CHANGE-2770/],
    [
      'a field that is too long',
      400,
      says('key: Ensure this value has at most 40 characters (it has 53).', { fields: { key: ['…'] } }),
      {},
      'PROVIDER_REFUSED',
      /at most 40 characters/,
    ],
    ['fields alone', 400, says('', { fields: { url: ['required key not provided'] } }), {}, 'PROVIDER_REFUSED', /required key/],
    ['a limit', 429, says('Rate limit for this resource has been exceeded'), { 'retry-after': '30' }, 'RATE_LIMITED', /limits how often/],
    ['a fault of its own', 500, 'oops', {}, 'PROVIDER_FAILED', /answered 500/],
    ['a time-out of its own', 408, 'slow', {}, 'PROVIDER_FAILED', /answered 408/],
    ['another name', 301, '', { location: `${API}/2.0/repositories/acme/network` }, 'REPO_MOVED', /renamed or moved/],
    ['a way to a log-in', 302, '', { location: 'https://id.atlassian.com/login' }, 'PROVIDER_FAILED', /leads to a page/],
    ['a page', 200, '<html>', {}, 'PROVIDER_FAILED', /no JSON/],
    ['a body of something else', 403, '<html>', {}, 'PERM_MISSING', /lacks Repositories: Read/],
  ])('that tells of %s', async (_what, status, body, headers, code, message) => {
    nock(API).get(PATH).reply(status, body, headers);

    await expect(open().readRepository(REF, soon())).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
  });

  test('is waited out for as long as it says, in seconds or until a date by its own clock', async () => {
    const now = new Date('2026-11-25T10:00:00Z');
    const told: string[] = [];

    limited({ 'retry-after': '30' });
    await expect(open(told).readRepository(REF, soon())).rejects.toMatchObject({ retryAfterMs: 30_000 });
    limited({ 'retry-after': new Date(now.getTime() + 45_000).toUTCString(), date: now.toUTCString() });
    await expect(open(told).readRepository(REF, soon())).rejects.toMatchObject({ retryAfterMs: 45_000 });

    expect(told).toEqual(['30000', '45000']);
  });

  test('that says the token back is not kept with it', async () => {
    nock(API)
      .get(PATH)
      .reply(400, says(`bad ${TOKEN}`));

    const failure: unknown = await open()
      .readRepository(REF, soon())
      .catch((error: unknown) => error);

    expect(failure).toMatchObject({ code: 'PROVIDER_REFUSED' });
    expect(JSON.stringify([failure, String(failure), (failure as Error).cause])).not.toContain(TOKEN);
  });
});

describe('a request', () => {
  test('of an access token is Bearer, of an API token Basic with the e-mail address', async () => {
    for (const [username, secret, sent] of [
      [undefined, TOKEN, `Bearer ${TOKEN}`],
      ['ana@example.test', 'ATATTsecret', `Basic ${Buffer.from('ana@example.test:ATATTsecret').toString('base64')}`],
    ] as const) {
      nock(API).get(PATH).matchHeader('authorization', sent).reply(200, { uuid: '{1}', full_name: 'acme/net-config' });
      const api = bitbucket.connect?.({ url: 'https://bitbucket.org', username, secret, fetch: globalThis.fetch });

      expect(await api?.readRepository(REF, soon())).toMatchObject({ id: '{1}' });
    }
  });

  test('for the next page goes to the address that was asked, whatever the answer says', async () => {
    nock(API).get(`${PATH}/hooks`).query({ pagelen: '100' }).reply(200, hooks('https://evil.example.com/2.0/hooks?page=2'));

    expect(await open().hooks?.list(REF, soon())).toHaveLength(1);
    nock(API)
      .get(`${PATH}/hooks`)
      .query({ pagelen: '100' })
      .reply(200, hooks(`${API}${PATH}/hooks?pagelen=100&page=abc`));
    nock(API).get(`${PATH}/hooks`).query({ pagelen: '100', page: 'abc' }).reply(200, { values: [] });
    expect(await open().hooks?.list(REF, soon())).toHaveLength(1);
  });
});

test.each([
  ['https://bitbucket.org/acme/net-config.git', 'acme/net-config'],
  ['https://bitbucket.org/acme/net-config', 'acme/net-config'],
  ['https://bitbucket.org/acme', undefined],
  ['https://bitbucket.org/acme/a/b', undefined],
  ['https://bitbucket.org/acme/..', undefined],
  ['https://bitbucket.org.evil.example.com/acme/net', undefined],
])('%s names the repository %s', (url, fullName) => {
  expect(bitbucket.remoteRef(url, 'https://bitbucket.org')?.fullName).toBe(fullName);
});

test.each([
  [undefined, 'ATCTTx', 'x-token-auth'],
  [undefined, 'ATATTx', 'x-bitbucket-api-token-auth'],
  ['ana@example.test', 'ATATTx', 'x-bitbucket-api-token-auth'],
  ['ana', 'ATATTx', 'ana'],
])('Git knows %s with %s as %s', (username, secret, name) => {
  expect(bitbucket.gitAccess(username, secret)).toEqual({ username: name, secret });
});
