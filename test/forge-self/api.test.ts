import { request } from 'node:http';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { spawnForge, type SpawnedForge } from '#test/forge/client.ts';
import { apiOf, type Api } from './support.ts';

let forge: SpawnedForge;
let api: Api;
let sha: string;
let tokenId: number;
let token: string;

beforeAll(async () => {
  forge = await spawnForge();
  ({ id: tokenId, token } = await forge.createToken({ kind: 'classic', login: 'alice', scopes: ['repo'] }));
  api = apiOf(forge.url, token);
  sha = (await forge.createRepository({ owner: 'acme', name: 'net', files: { 'a.txt': 'a' } })).head ?? '';
});
afterAll(() => forge.stop());

test('turns away who does not say who he is', async () => {
  const status = await new Promise<number>((resolve, reject) => {
    request(`${forge.url}/api/v3/user`, { headers: { authorization: `Bearer ${token}` } }, (response) => {
      response.resume().on('end', () => resolve(response.statusCode ?? 0));
    })
      .on('error', reject)
      .end();
  });

  expect(status).toBe(403);
});

test('knows one version of itself', async () => {
  expect((await api('GET', '/user', undefined, { 'x-github-api-version': '2022-11-28' })).status).toBe(200);
  expect((await api('GET', '/user', undefined, { 'x-github-api-version': '2026-03-10' })).status).toBe(400);
});

test('gives statuses of a commit the newest first, and combines the newest of each context without case', async () => {
  const commit = (await forge.push({ repository: 'acme/net', branch: 'combined', files: { b: 'b' } })).after;
  for (const [state, context] of [
    ['pending', 'Ci/One'],
    ['success', 'ci/one'],
    ['error', 'ci/two'],
  ])
    await api('POST', `/repos/acme/net/statuses/${commit}`, { state, context });

  const list = await api('GET', `/repos/acme/net/commits/${commit}/statuses`);
  const combined = await api('GET', '/repos/acme/net/commits/combined/status');

  expect(list.body).toMatchObject([{ state: 'error' }, { state: 'success' }, { state: 'pending' }]);
  expect(combined.body).toMatchObject({ state: 'failure', total_count: 2, sha: commit });
});

const invalid: readonly (readonly [string, unknown, unknown])[] = [
  ['a state that is none', { state: 'done' }, 'Validation failed: State is not included in the list'],
  [
    '141 characters',
    { state: 'success', description: 'é'.repeat(141) },
    'Validation failed: Description is too long (maximum is 140 characters)',
  ],
  ['another scheme', { state: 'success', target_url: 'ftp://example.test' }, 'Validation failed: Target url must use http(s) scheme'],
];

test.each(invalid)('refuses a status with %s', async (_, body, errors) => {
  const answer = await api('POST', `/repos/acme/net/statuses/${sha}`, body);

  expect(answer.status).toBe(422);
  expect(answer.body).toMatchObject({ message: 'Validation Failed', errors });
});

test('counts a description by code points', async () => {
  expect((await api('POST', `/repos/acme/net/statuses/${sha}`, { state: 'success', description: '😀'.repeat(140) })).status).toBe(201);
});

test.each(['0'.repeat(40), 'main', 'abcdef1'])('refuses a status for %s, which is no full commit id', async (id) => {
  const { status, body } = await api('POST', `/repos/acme/net/statuses/${id}`, { state: 'success' });

  expect(status).toBe(422);
  expect(body).toMatchObject({ message: `No commit found for SHA: ${id}`, status: '422' });
});

test('takes 1,000 statuses of one context and no more', async () => {
  const commit = (await forge.push({ repository: 'acme/net', branch: 'many', files: { c: 'c' } })).after;
  const post = (): ReturnType<Api> => api('POST', `/repos/acme/net/statuses/${commit}`, { state: 'success', context: 'many' });
  const answers = await Promise.all(Array.from({ length: 1_000 }, post));

  const last = await post();

  expect(answers.every(({ status }) => status === 201)).toBe(true);
  expect(last.status).toBe(422);
  expect(last.body).toMatchObject({ errors: [{ message: 'This SHA and context has reached the maximum number of statuses.' }] });
});

test('sends pages of at most 100 with links to the others', async () => {
  const updates = Array.from({ length: 150 }, (_, index) => ({ ref: `refs/heads/b${index}`, sha }));
  await forge.createRepository({ owner: 'acme', name: 'wide' });
  await forge
    .push({ repository: 'acme/wide', branch: 'main', files: { a: 'a' } })
    .then(({ after }) => forge.moveRefs({ repository: 'acme/wide', updates: updates.map((update) => ({ ...update, sha: after })) }));

  const first = await api('GET', '/repos/acme/wide/branches?per_page=500');
  const byDefault = await api('GET', '/repos/acme/wide/branches?per_page=zero');
  const last = await api('GET', '/repos/acme/wide/branches?per_page=100&page=2');

  expect(first.body).toHaveLength(100);
  expect(first.headers.get('link')).toMatch(/^<http[^>]*page=2>; rel="next", <http[^>]*page=2>; rel="last"$/);
  expect(byDefault.body).toHaveLength(30);
  expect(last.body).toHaveLength(51);
  expect(last.headers.get('link')).toMatch(/rel="prev", .*rel="first"$/);
});

test('answers 304 without a charge to who has it already', async () => {
  const first = await api('GET', '/repos/acme/net');
  const again = await api('GET', '/repos/acme/net', undefined, { 'if-none-match': first.headers.get('etag') ?? '' });

  expect(again.status).toBe(304);
  expect(again.headers.get('x-ratelimit-remaining')).toBe(first.headers.get('x-ratelimit-remaining'));
});

test('refuses when the hour is used up, and says when it ends', async () => {
  await forge.changeToken(tokenId, { requests_left: 1 });
  await api('GET', '/user');

  const refused = await api('GET', '/user');
  const free = await api('GET', '/rate_limit');
  await forge.changeToken(tokenId, { requests_left: 5_000 });

  expect(refused.status).toBe(403);
  expect(refused.headers.get('x-ratelimit-remaining')).toBe('0');
  expect(Number(refused.headers.get('x-ratelimit-reset'))).toBeGreaterThan(Date.now() / 1_000);
  expect(free.status).toBe(200);
});

test('sends who asks for an old name to the number, with 307 where it is not a read', async () => {
  const { id } = await forge.createRepository({ owner: 'acme', name: 'old', files: { a: 'a' } });
  await forge.changeRepository('acme/old', { name: 'new' });

  const read = await api('GET', '/repos/acme/old/branches?per_page=1');
  const write = await api('POST', '/repos/acme/old/hooks', {});
  const followed = await api('GET', `/repositories/${id}/branches`);

  expect(read.status).toBe(301);
  expect(read.headers.get('location')).toBe(`${forge.url}/api/v3/repositories/${id}/branches?per_page=1`);
  expect(read.body).toMatchObject({ message: 'Moved Permanently' });
  expect(write.status).toBe(307);
  expect(followed.body).toMatchObject([{ name: 'main' }]);
});

test('keeps comments of pull requests, of up to 65,536 characters', async () => {
  await forge.push({ repository: 'acme/net', branch: 'topic', files: { t: 't' } });
  const { number } = await forge.openPull({ repository: 'acme/net', head: 'topic' });
  const path = `/repos/acme/net/issues/${number}/comments`;

  const made = await api('POST', path, { body: 'first' });
  const edited = await api('PATCH', `/repos/acme/net/issues/comments/${made.body.id ?? 0}`, { body: 'second' });
  const tooLong = await api('POST', path, { body: 'x'.repeat(65_537) });
  const list = await api('GET', path);
  const gone = await api('DELETE', `/repos/acme/net/issues/comments/${made.body.id ?? 0}`);

  expect([made.status, edited.status, tooLong.status, gone.status]).toEqual([201, 200, 422, 204]);
  expect(tooLong.body).toMatchObject({
    errors: [{ resource: 'IssueComment', field: 'data', message: 'Body is too long (maximum is 65536 characters)' }],
  });
  expect(list.body).toMatchObject([{ body: 'second', user: { login: 'alice' } }]);
});

test('refuses bodies that are not JSON objects', async () => {
  expect((await api('POST', `/repos/acme/net/statuses/${sha}`, '{')).body).toMatchObject({
    message: 'Problems parsing JSON',
    status: '400',
  });
  expect((await api('POST', `/repos/acme/net/statuses/${sha}`, '[]')).status).toBe(400);
});

test('logs writes without secrets and counts requests by path', async () => {
  const secret = 'hook-secret-that-nobody-may-see';
  await api('POST', '/repos/acme/net/hooks', { config: { url: 'http://127.0.0.1:9/', secret } });

  const effects = await forge.effects();
  const requests = await forge.requests();

  expect(effects.at(-1)).toMatchObject({
    method: 'POST',
    path: '/api/v3/repos/acme/net/hooks',
    status: 201,
    token: { kind: 'classic', login: 'alice' },
  });
  expect(JSON.stringify(effects)).not.toContain(secret);
  expect(JSON.stringify(effects)).not.toContain(token);
  expect(requests['POST /api/v3/repos/acme/net/hooks']).toBe(1);
});
