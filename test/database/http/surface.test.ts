import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openTestHttp } from '#test/support/http.ts';
import type { HttpAnswer, TestHttp } from '#test/support/http.ts';

let http: TestHttp;
beforeAll(async () => {
  http = await openTestHttp();
});
afterAll(() => http.close());

const LIST = '/api/extras/git-repositories/';
const NOBODY = `${LIST}01890000-0000-7000-8000-000000000000/`;
const JSON_TYPE = { 'content-type': 'application/json' };

describe('every error', () => {
  test.each<[number, string, () => Promise<HttpAnswer>]>([
    [400, 'REQUEST_INVALID', () => http.call('POST', LIST, { headers: JSON_TYPE, body: '{"name": ' })],
    [400, 'REQUEST_INVALID', () => http.call('POST', LIST, { headers: JSON_TYPE, body: '"text"' })],
    [400, 'REQUEST_INVALID', () => http.call('POST', LIST, { body: { __proto__: null, name: 7 } })],
    [400, 'BULK_NOT_SUPPORTED', () => http.call('POST', LIST, { body: [{ name: 'a' }] })],
    [400, 'BULK_NOT_SUPPORTED', () => http.call('PATCH', LIST, { body: [{ id: 'a' }] })],
    [400, 'BULK_NOT_SUPPORTED', () => http.call('DELETE', LIST)],
    [401, 'UNAUTHENTICATED', () => http.call('GET', LIST, { token: null })],
    [404, 'NOT_FOUND', () => http.call('GET', NOBODY)],
    [404, 'NOT_FOUND', () => http.call('GET', '/api/extras/nothing/')],
    [405, 'METHOD_NOT_ALLOWED', () => http.call('POST', NOBODY, { body: {} })],
    [405, 'METHOD_NOT_ALLOWED', () => http.call('DELETE', '/api/job-results/')],
    [405, 'METHOD_NOT_ALLOWED', () => http.call('POST', '/api/config-contexts/', { body: {} })],
    [413, 'BODY_TOO_LARGE', () => http.call('POST', LIST, { body: { name: 'x'.repeat(2_000_000) } })],
    [415, 'MEDIA_TYPE', () => http.call('POST', LIST, { headers: { 'content-type': 'text/plain' }, body: 'name' })],
  ])('%i is %s in one shape', async (status, code, ask) => {
    const answer = await ask();

    expect([answer.status, answer.body.code]).toEqual([status, code]);
    expect(Object.keys(answer.body).slice(0, 5)).toEqual(['code', 'detail', 'help', 'fix', 'request_id']);
    expect(answer.body.request_id).toBe(answer.headers['x-request-id']);
    const help = new URL(answer.body.help);
    expect((await http.call('GET', help.pathname)).text).toContain(`id="${help.hash.slice(1)}"`);
  });

  test('of an unexpected kind says nothing of itself but its request id', async () => {
    const broken = await openTestHttp();
    await broken.database.kysely.schema.alterTable('repositories').renameTo('hidden').execute();

    const answer = await broken.call('GET', LIST);
    await broken.close();

    expect([answer.status, answer.body.code]).toEqual([500, 'INTERNAL']);
    expect(answer.text).not.toMatch(/relation|select|repositories"/);
  });

  test('about a method names those that are possible', async () => {
    expect((await http.call('POST', NOBODY, { body: {} })).headers['allow']).toBe('DELETE, GET, HEAD, PATCH, PUT');
  });

  test('about a field does not take the place of the code', async () => {
    const { body } = await http.call('GET', `${LIST}?code=1&detail=2&help=3`);

    expect(body).toMatchObject({ code: 'REQUEST_INVALID', detail: expect.any(String), help: expect.stringContaining('/help/#') });
  });

  test('also for an address that cannot be decoded', async () => {
    expect((await http.call('GET', '/api/%zz')).body).toMatchObject({ code: 'REQUEST_INVALID' });
  });
});

describe('a NUL character, which the database stores in no text,', () => {
  const CONTEXTS = '/api/extras/config-contexts/';
  const ID = '01890000-0000-7000-8000-000000000000';

  test.each([
    ['q', `${LIST}?q=a%00b`],
    ['q', '/api/extras/job-results/?q=%00'],
    ['q', '/api/organizations/default/webhook-deliveries/?q=%00'],
    ['name__ic', `${LIST}?name__ic=%00`],
    ['branch', `${CONTEXTS}?branch=%00`],
    ['branch', `${CONTEXTS}${ID}/?branch=%00`],
  ])('is refused by name as %s of %s', async (field, path) => {
    const answer = await http.call('GET', path);

    expect([answer.status, answer.body]).toEqual([
      400,
      expect.objectContaining({ code: 'REQUEST_INVALID', [field]: ['Holds a NUL character.'] }),
    ]);
  });

  test.each([
    ['description', 'a\0b'],
    ['credential', '\0'],
    ['secrets_group', { name: '\0' }],
    ['tags', ['a', '\0']],
    ['network', { a: [[{ '\0': 1 }]] }],
  ])('is refused by name as %s of a repository', async (field, value) => {
    const remote_url = 'https://git.example.com/acme/net.git';
    const answer = await http.call('POST', LIST, { body: { name: 'nul', remote_url, branch: 'main', [field]: value } });

    expect([answer.status, answer.body]).toEqual([
      400,
      expect.objectContaining({ code: 'REQUEST_INVALID', [field]: ['Holds a NUL character.'] }),
    ]);
  });

  test('is refused by name as description of a Git token', async () => {
    const body = { name: 'nul', provider: 'github', url: 'https://github.com', token: 'ghp_0123456789abcdef', description: '\0' };
    const answer = await http.call('POST', '/api/organizations/default/git-tokens/', { body });

    expect([answer.status, answer.body]).toEqual([400, expect.objectContaining({ description: ['Holds a NUL character.'] })]);
  });

  test('is looked for however deeply a body is nested', async () => {
    const deep = `{"name":${'['.repeat(200_000)}"\\u0000"${']'.repeat(200_000)}}`;
    const answer = await http.call('POST', LIST, { headers: JSON_TYPE, body: deep });

    expect([answer.status, answer.body]).toEqual([400, expect.objectContaining({ name: ['Holds a NUL character.'] })]);
  });
});

describe('an address', () => {
  test.each(['/api/extras/git-repositories', '/api/extras/git-repositories/', '/api/git-repositories', '/api/git-repositories/'])(
    '%s answers, without a redirect',
    async (path) => {
      expect((await http.call('GET', path)).status).toBe(200);
    },
  );

  test('is written to without a redirect', async () => {
    const answers = await Promise.all(['', '/'].map((end) => http.call('POST', `/api/git-repositories${end}`, { body: {} })));

    expect(answers.map((answer) => answer.status)).toEqual([400, 400]);
  });
});

describe('headers', () => {
  test('keep answers out of caches and browsers from guessing, errors included', async () => {
    for (const path of [LIST, NOBODY, '/api/nothing']) {
      const { headers } = await http.call('GET', path);
      expect(headers).toMatchObject({
        'x-content-type-options': 'nosniff',
        'content-security-policy': expect.stringContaining("frame-ancestors 'none'"),
      });
      expect(headers['x-powered-by']).toBeUndefined();
    }
    expect((await http.call('GET', LIST)).headers['cache-control']).toBe('no-store');
  });
});

describe('the OpenAPI document', () => {
  test('is 3.1, describes every route once, and needs no token', async () => {
    const { status, body } = await http.call('GET', '/api/openapi.json', { token: null });

    expect([status, body.openapi]).toEqual([200, '3.1.0']);
    const paths = Object.keys(body.paths);
    expect(paths).toContain('/api/extras/git-repositories/{id}/sync');
    expect(paths.filter((path) => path.startsWith('/api/git-repositories'))).toEqual([]);
    const summaries = Object.values<Record<string, { readonly summary?: string }>>(body.paths).flatMap((methods) =>
      Object.values(methods).map((operation) => operation.summary),
    );
    expect(summaries.every((summary) => summary !== undefined && summary !== '')).toBe(true);
  });

  test('can be browsed', async () => {
    const { status, headers } = await http.call('GET', '/api/docs/', { token: null });

    expect([status, String(headers['content-type'])]).toEqual([200, expect.stringContaining('text/html')]);
  });
});

describe('what monitors ask', () => {
  test('whether it lives and is ready, without a token', async () => {
    expect((await http.call('GET', '/healthz', { token: null })).body).toMatchObject({ status: 'ok' });
    expect((await http.call('GET', '/readyz', { token: null })).body).toEqual({ status: 'ready', problems: [] });
  });

  test.each<[string, object, number]>([
    ['this machine', { token: null, remoteAddress: '127.0.0.1' }, 200],
    ['this machine, by IPv6', { token: null, remoteAddress: '::1' }, 200],
    ['elsewhere', { token: null, remoteAddress: '192.0.2.7' }, 401],
    ['elsewhere, with a token', { remoteAddress: '192.0.2.7' }, 200],
    ['a proxy on this machine', { token: null, remoteAddress: '127.0.0.1', headers: { 'x-forwarded-for': '192.0.2.7' } }, 401],
    ['somebody who only claims to be here', { token: null, remoteAddress: '192.0.2.7', headers: { 'x-forwarded-for': '127.0.0.1' } }, 401],
  ])('metrics, from %s', async (_name, options, status) => {
    expect((await http.call('GET', '/metrics', options)).status).toBe(status);
  });
});

test('the first page says what runs here', async () => {
  const { status, text } = await http.call('GET', '/', { token: null });

  expect([status, text]).toEqual([200, expect.stringContaining('Tributary')]);
});

test('stopping ends the streams that are open', async () => {
  const own = await openTestHttp();
  const url = await own.server.listen({ host: '127.0.0.1', port: 0 });
  const { body } = await own.call('POST', LIST, { body: { name: 'streamed', remote_url: 'https://github.com/acme/streamed.git' } });
  const { body: asked } = await own.call('POST', `${LIST}${body.id}/sync/`);
  const headers = { authorization: `Token ${own.adminToken}` };
  const stream = await fetch(`${url}/api/job-results/${asked.job_result.id}/events`, { headers });

  await own.close();

  // Ends, rather than hanging until the run does.
  expect(await stream.text()).not.toContain('event: end');
});
