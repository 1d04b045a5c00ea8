import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openTestHttp } from '#test/support/http.ts';
import type { TestHttp } from '#test/support/http.ts';

let http: TestHttp;
beforeAll(async () => {
  http = await openTestHttp();
});
afterAll(() => http.close());

const LIST = '/api/organizations/default/git-tokens/';
const REPOSITORIES = '/api/extras/git-repositories/';
const SECRET = 'ghp_0123456789abcdefghijABCDEFGHIJ012345';

const create = (fields: object) => http.call('POST', LIST, { body: { provider: 'github', token: SECRET, ...fields } });
const use = async (name: string, credential: string) => {
  const body = { name, remote_url: `https://github.com/acme/${name}.git`, credential };
  return (await http.call('POST', REPOSITORIES, { body })).body.id as string;
};

test('a token is answered with the documented keys, in their order, and without its secret', async () => {
  const { status, body, text } = await create({ name: 'main', description: 'for acme', expires_at: '2099-01-31' });

  expect(status).toBe(201);
  expect(Object.keys(body).slice(0, 19)).toEqual([
    'id',
    'name',
    'description',
    'provider',
    'url',
    'workspace',
    'kind',
    'expires_at',
    'expiry_source',
    'state',
    'reason',
    'capabilities',
    'missing',
    'scopes',
    'verified_at',
    'last_used_at',
    'repositories_count',
    'created_at',
    'updated_at',
  ]);
  expect(body).toMatchObject({
    name: 'main',
    url: 'https://github.com',
    kind: 'unknown',
    expires_at: '2099-01-31T00:00:00.000Z',
    expiry_source: 'user',
    state: 'unverified',
    missing: [],
    verified_at: null,
    repositories_count: 0,
  });
  expect(Object.keys(body.capabilities)).toEqual(['read', 'webhooks', 'statuses', 'comments', 'push']);
  expect(text).not.toContain(SECRET.slice(4));
});

test('the secret is in no answer and, in the database, only sealed', async () => {
  const { body } = await create({ name: 'sealed' });

  const answers = [(await http.call('GET', LIST)).text, (await http.call('GET', `${LIST}${body.id}/`)).text];
  const row = await http.database.kysely.selectFrom('credentials').selectAll().where('id', '=', body.id).executeTakeFirstOrThrow();

  expect(answers.join()).not.toContain(SECRET.slice(4));
  expect(Buffer.from(row.sealed_secret).toString('latin1')).not.toContain(SECRET.slice(4, 10));
  expect(JSON.stringify({ ...row, sealed_secret: undefined })).not.toContain(SECRET.slice(4));
});

describe('what is sent', () => {
  test.each<[string, object, string]>([
    ['an empty name', { name: '' }, 'name'],
    ['a name with a line break', { name: 'a\nb' }, 'name'],
    ['a secret with a line break', { name: 'x', token: `${SECRET}\n` }, 'token'],
    ['an empty secret', { name: 'x', token: '' }, 'token'],
    ['a secret with a NUL', { name: 'x', token: 'a\u0000b' }, 'token'],
    ['a provider that does not exist', { name: 'x', provider: 'gitea' }, 'provider'],
    ['Bitbucket without a workspace', { name: 'x', provider: 'bitbucket' }, 'workspace'],
    [
      'an API token of Bitbucket without an e-mail address',
      { name: 'x', provider: 'bitbucket', workspace: 'acme', username: 'ana', token: 'ATATT3xFfGF0' },
      'username',
    ],
    ['a user name with a colon', { name: 'x', username: 'a:b' }, 'username'],
    ['a date that is none', { name: 'x', expires_at: 'soon' }, 'expires_at'],
    ['a date in the past', { name: 'x', expires_at: '2020-01-01' }, 'expires_at'],
    ['a private address', { name: 'x', url: 'https://10.0.0.1' }, 'url'],
    ['plain http', { name: 'x', url: 'http://github.example.com' }, 'url'],
    ['an address with a user in it', { name: 'x', url: 'https://user@github.example.com' }, 'url'],
    ['an address of a file', { name: 'x', url: 'file:///etc/passwd' }, 'url'],
    ['no name', {}, 'name'],
  ])('is refused for %s, under its field', async (_name, fields, field) => {
    const { status, body, text } = await create(fields);

    expect(status).toBe(400);
    expect(body.code).toBe('REQUEST_INVALID');
    expect(body[field]).toEqual([expect.any(String)]);
    expect(text).not.toContain(SECRET.slice(4));
  });

  test.each(['id', 'state', 'sealed_secret', 'organization_id', 'capabilities'])(
    'is refused with 422 for the field %s, which nobody sets',
    async (field) => {
      const { status, body } = await create({ name: `with-${field}`, [field]: 'x' });

      expect([status, body.code, Object.keys(body).includes(field)]).toEqual([422, 'FIELD_UNKNOWN', true]);
      expect((await http.call('GET', `${LIST}?name=with-${field}`)).body.count).toBe(0);
    },
  );

  test('keeps its server in one form', async () => {
    const { body } = await create({ name: 'enterprise', url: 'HTTPS://GitHub.Example.COM:443/' });

    expect(body.url).toBe('https://github.example.com');
  });
});

test('a name is taken once among all credentials, also by two at once', async () => {
  const answers = await Promise.all([create({ name: 'twice' }), create({ name: 'twice' }), create({ name: ' twice ' })]);

  expect(answers.filter((answer) => answer.status === 201)).toHaveLength(1);
  expect(answers.filter((answer) => answer.status === 400).every((answer) => Array.isArray(answer.body.name))).toBe(true);
});

describe('a change', () => {
  test('of name, description and expiry needs no secret', async () => {
    const { body } = await create({ name: 'changing' });

    const answer = await http.call('PATCH', `${LIST}${body.id}/`, { body: { name: 'changed', description: 'new', expires_at: null } });

    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({ id: body.id, name: 'changed', description: 'new', expires_at: null, url: body.url });
  });

  test('of the server needs the secret again', async () => {
    const { body } = await create({ name: 'moving' });
    const url = 'https://github.example.com';

    const refused = await http.call('PATCH', `${LIST}${body.id}/`, { body: { url } });
    const taken = await http.call('PATCH', `${LIST}${body.id}/`, { body: { url, token: SECRET } });

    expect([refused.status, Object.keys(refused.body).includes('token')]).toEqual([400, true]);
    expect([taken.status, taken.body.url]).toEqual([200, url]);
  });

  test('of the server is refused while repositories are on the old one', async () => {
    const { body } = await create({ name: 'anchored' });
    const id = await use('anchored', 'anchored');

    const answer = await http.call('PATCH', `${LIST}${body.id}/`, { body: { url: 'https://github.example.com', token: SECRET } });

    expect(answer.status).toBe(409);
    expect(answer.body.repositories).toEqual([{ id, name: 'anchored' }]);
  });

  test('of the provider is refused', async () => {
    const { body } = await create({ name: 'provider' });

    const answer = await http.call('PATCH', `${LIST}${body.id}/`, { body: { provider: 'plain' } });

    expect([answer.status, Object.keys(answer.body).includes('provider')]).toEqual([400, true]);
  });

  test('of the whole takes back what is not sent', async () => {
    const { body } = await create({ name: 'whole', description: 'x', username: 'ana', expires_at: '2099-01-31' });

    const answer = await http.call('PUT', `${LIST}${body.id}/`, { body: { name: 'whole', provider: 'github', token: `${SECRET}2` } });

    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({ id: body.id, description: '', username: null, expires_at: null, state: 'unverified' });
  });

  test('to what it was is a success', async () => {
    const { body } = await create({ name: 'same' });

    expect((await http.call('PATCH', `${LIST}${body.id}/`, { body: { name: 'same' } })).status).toBe(200);
  });
});

describe('deleting', () => {
  test('a token that is used is refused with the repositories that use it, until forced', async () => {
    const { body } = await create({ name: 'used' });
    const id = await use('user', 'used');
    expect((await http.call('GET', `${LIST}${body.id}/`)).body.repositories_count).toBe(1);

    const refused = await http.call('DELETE', `${LIST}${body.id}/`);
    const forced = await http.call('DELETE', `${LIST}${body.id}/?force=true`);

    expect([refused.status, refused.body.code, refused.body.repositories]).toEqual([409, 'IN_USE', [{ id, name: 'user' }]]);
    expect([forced.status, forced.body]).toEqual([200, { id: body.id, name: 'used', repositories: [{ id, name: 'user' }] }]);
    expect((await http.call('GET', `${REPOSITORIES}${id}/`)).body).toMatchObject({
      credential: null,
      operational_status: { state: 'error-cred', reason: 'Its token "used" was deleted. Give it another credential.' },
    });
  });

  test('a token that is not there is 404', async () => {
    expect((await http.call('DELETE', `${LIST}01890000-0000-7000-8000-000000000000/`)).status).toBe(404);
    expect((await http.call('DELETE', `${LIST}not-an-id/`)).status).toBe(404);
  });
});

test('a token past its stated end says so', async () => {
  const { body } = await create({ name: 'ended', expires_at: '2099-01-31' });
  await http.database.kysely
    .updateTable('credentials')
    .set({ expires_at: new Date(0) })
    .where('id', '=', body.id)
    .execute();

  expect((await http.call('GET', `${LIST}${body.id}/`)).body.state).toBe('expired');
});

test('the list is filtered and searched', async () => {
  await create({ name: 'findable', description: 'needle in here' });

  const names = async (query: string) => (await http.call('GET', `${LIST}?${query}`)).body.results.map((one: { name: string }) => one.name);

  expect(await names('q=NEEDLE')).toEqual(['findable']);
  expect(await names('name=findable&name=nothing')).toEqual(['findable']);
  expect((await http.call('GET', `${LIST}?sealed_secret__isw=a`)).body).toMatchObject({ sealed_secret__isw: ['Unknown filter field'] });
});
