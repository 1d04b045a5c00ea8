import nock from 'nock';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Failure } from '#domain/failure.ts';
import { gitlab } from '#providers/gitlab/index.ts';
import { PROJECT, REF, SERVER, TOKEN, open, soon } from './open.ts';

const API = `${SERVER}/api/v4`;
const PROJECT_ANSWER = {
  id: 15,
  path_with_namespace: REF.fullName,
  default_branch: 'main',
  http_url_to_repo: `${SERVER}/acme/network/net-config.git`,
  web_url: `${SERVER}/acme/network/net-config`,
};

beforeEach(() => nock.disableNetConnect());
afterEach(() => {
  nock.cleanAll();
  nock.enableNetConnect();
});

const read = () => open().readRepository(REF, soon());
const failureOf = (work: Promise<unknown>): Promise<unknown> => work.catch((error: unknown) => error);

describe('where it is asked', () => {
  test.each([
    ['https://gitlab.com', 'https://gitlab.com', '/api/v4'],
    ['https://git.example.com/gitlab', 'https://git.example.com', '/gitlab/api/v4'],
    ['https://git.example.com:8443', 'https://git.example.com:8443', '/api/v4'],
  ])('%s, with the token and the path of the project as one part', async (url, origin, base) => {
    const scope = nock(origin, { reqheaders: { 'private-token': TOKEN, 'user-agent': /tributary/ } })
      .get(`${base}${PROJECT}`)
      .reply(200, PROJECT_ANSWER);

    const repository = await open(url).readRepository(REF, soon());

    expect(repository).toMatchObject({ id: '15', fullName: REF.fullName, defaultBranch: 'main' });
    expect(scope.isDone()).toBe(true);
  });

  test('a project without a branch has no default branch', async () => {
    nock(API)
      .get(PROJECT)
      .reply(200, { ...PROJECT_ANSWER, default_branch: null });

    expect((await read()).defaultBranch).toBeUndefined();
  });
});

const invalidToken = (error_description: string) => ({ error: 'invalid_token', error_description });
const HTML = '<!DOCTYPE html><html><body><h1>502</h1></body></html>';

test.each([
  ['an expired token', 401, invalidToken('Token is expired. You can either do re-authorization or token refresh.'), {}, 'AUTH_EXPIRED'],
  ['a revoked token', 401, invalidToken('Token was revoked. You have to re-authorize from the user.'), {}, 'AUTH_REVOKED'],
  ['an unknown token', 401, invalidToken('Bad Access Token.'), {}, 'AUTH_FAILED'],
  ['a token that is garbage', 401, { message: '401 Unauthorized' }, {}, 'AUTH_FAILED'],
  ['a page instead of a refusal', 401, HTML, {}, 'AUTH_FAILED'],
  ['a role that is too small', 403, { message: '403 Forbidden' }, {}, 'PERM_MISSING'],
  ['an address that is shut out', 403, 'Forbidden\n', {}, 'RATE_LIMITED'],
  ['a project that is hidden or gone', 404, { message: '404 Project Not Found' }, {}, 'REPO_NOT_FOUND'],
  ['a project that moved', 301, '', { location: `${API}/projects/15` }, 'REPO_MOVED'],
  ['another that moved', 302, '', { location: `${API}/projects/15` }, 'REPO_MOVED'],
  ['a server that is no API', 302, '', { location: `${SERVER}/users/sign_in` }, 'PROVIDER_FAILED'],
  ['a project with a word for logging in', 301, '', { location: `${API}/projects/auth%2Flogin` }, 'REPO_MOVED'],
  ['another update under way', 409, { message: 'Another update to this commit status is in progress' }, {}, 'PROVIDER_BUSY'],
  ['an invalid request', 400, { message: { name: ['is too long'] } }, {}, 'PROVIDER_REFUSED'],
  ['a missing parameter', 400, { error: 'name is missing' }, {}, 'PROVIDER_REFUSED'],
  ['too many requests', 429, 'Retry later\n', {}, 'RATE_LIMITED'],
  ['a fault of its own', 500, { message: '500 Internal Server Error' }, {}, 'PROVIDER_FAILED'],
  ['a proxy without a server', 502, HTML, {}, 'PROVIDER_FAILED'],
  ['a page where data was asked for', 200, HTML, { 'content-type': 'text/html' }, 'PROVIDER_FAILED'],
  ['an answer that is none', 200, { unexpected: true }, {}, 'PROVIDER_FAILED'],
  ['a list', 200, [], {}, 'PROVIDER_FAILED'],
])('%s becomes a failure that says what follows', async (_what, status, body, headers, code) => {
  nock(API).get(PROJECT).reply(status, body, headers);

  expect(await failureOf(read())).toMatchObject({ code });
});

test('a scope that is missing is named as GitLab names it', async () => {
  const body = {
    error: 'insufficient_scope',
    error_description: 'The request requires higher privileges than provided by the access token.',
    scope: 'api read_api',
  };
  nock(API).get(PROJECT).reply(403, body);

  const failure = await failureOf(read());

  expect(failure).toMatchObject({
    code: 'PERM_MISSING',
    message: expect.stringContaining('api, read_api'),
    help: expect.stringContaining('read_api'),
  });
});

test('a token of single permissions is told what GitLab says of them', async () => {
  const body = { error: 'insufficient_granular_scope', error_description: 'Access denied: Your token lacks: read_project.' };
  nock(API).get(PROJECT).reply(403, body);

  const failure = await failureOf(read());

  expect(failure).toMatchObject({ code: 'PERM_MISSING', message: expect.stringContaining('read_project') });
});

test('a role that is missing is named by what was to be done', async () => {
  nock(API).get(`${PROJECT}/hooks`).query(true).reply(403, { message: '403 Forbidden' });

  const failure = await failureOf(open().hooks.list(REF, soon()));

  expect(failure).toMatchObject({ code: 'PERM_MISSING', message: expect.stringContaining('Maintainer') });
});

const inSeconds = (seconds: number) => Math.floor(Date.now() / 1_000) + seconds;
test.each([
  ['Retry-After in seconds', { 'retry-after': '30' }, 30_000, 30_000],
  ['a Retry-After of nothing', { 'retry-after': '0' }, 1_000, 1_000],
  ['a Retry-After of a year', { 'retry-after': '31536000' }, 3_600_000, 3_600_000],
  ['a Retry-After that is no time', { 'retry-after': 'soon' }, 60_000, 60_000],
  ['RateLimit-Reset', { 'ratelimit-reset': String(inSeconds(600)) }, 500_000, 600_000],
  ['RateLimit-Reset in the past', { 'ratelimit-reset': '1' }, 1_000, 1_000],
  ['no header, as from the limits of projects and groups', {}, 60_000, 60_000],
])('429 with %s says how long to wait', async (_what, headers, least, most) => {
  const body = { message: { error: 'This endpoint has been requested too many times. Try again later.' } };
  nock(API).get(PROJECT).reply(429, body, headers);

  const failure = await failureOf(read());

  expect(failure).toBeInstanceOf(Failure);
  const { retryAfterMs = 0 } = failure as Failure;
  expect(retryAfterMs).toBeGreaterThanOrEqual(least);
  expect(retryAfterMs).toBeLessThanOrEqual(most);
});

test('nothing is retried in here, and no redirect followed', async () => {
  const scope = nock(API).get(PROJECT).once().reply(502).get(PROJECT).once().reply(301, '', { location: 'https://elsewhere.example.com/' });

  await failureOf(read());
  const second = await failureOf(read());

  expect(second).toMatchObject({ code: 'PROVIDER_FAILED', message: expect.stringContaining('leads to a page') });
  expect(scope.isDone()).toBe(true);
});

test('a token that a server says back is in no message and no cause', async () => {
  nock(API)
    .get(PROJECT)
    .reply(400, { message: `bad token ${TOKEN}\u0000` });

  const failure = await failureOf(read());

  const told = JSON.stringify([String(failure), failure, (failure as Failure).cause]);
  expect(told).toContain('bad token ***');
  expect(told).not.toContain(TOKEN);
  expect(String(failure)).not.toContain('\0');
});

test('who gives up waiting hears of that and not of GitLab', async () => {
  nock(API).get(PROJECT).delay(5_000).reply(200, PROJECT_ANSWER);
  const given = new AbortController();

  const reading = failureOf(open().readRepository(REF, given.signal));
  given.abort();

  expect(await reading).toMatchObject({ name: 'AbortError' });
});

test('a server that does not answer is a lost connection', async () => {
  nock(API).get(PROJECT).replyWithError('connection reset');

  expect(await failureOf(read())).toMatchObject({ code: 'CONNECTION_FAILED' });
});

test.each([
  [`${SERVER}/acme/net-config.git`, SERVER, 'acme/net-config'],
  [`${SERVER}/acme/network/net-config`, SERVER, 'acme/network/net-config'],
  [`${SERVER}/gitlab/acme/net-config.git`, `${SERVER}/gitlab`, 'acme/net-config'],
  [`${SERVER}/acme/net-config.git`, `${SERVER}/gitlab`, undefined],
  [`${SERVER}/gitlabx/acme/net-config.git`, `${SERVER}/gitlab`, undefined],
  [`${SERVER}.evil.example/acme/net-config`, SERVER, undefined],
  ['https://other.example.com/acme/net-config', SERVER, undefined],
  [`${SERVER}/net-config`, SERVER, undefined],
  [`${SERVER}/acme//net-config`, SERVER, undefined],
  [`${SERVER}/acme/net-config/-/tree/main`, SERVER, undefined],
  [`${SERVER}/acme%2Fnet-config/x`, SERVER, undefined],
])('%s below %s is %s there', (url, base, fullName) => {
  expect(gitlab.remoteRef(url, base)?.fullName).toBe(fullName);
});

test('Git is given a user name that goes with any token, or the one of a deploy token', () => {
  expect(gitlab.gitAccess(undefined, 's')).toEqual({ username: 'oauth2', secret: 's' });
  expect(gitlab.gitAccess('gitlab+deploy-token-1', 's')).toEqual({ username: 'gitlab+deploy-token-1', secret: 's' });
});
