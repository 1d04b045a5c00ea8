import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import type { SpawnedForge } from '#test/forge/client.ts';
import { spawnForge } from '#test/forge/client.ts';
import type { TestHttp } from '#test/support/http.ts';
import { openTestHttp } from '#test/support/http.ts';
import { PATIENCE } from '#test/support/patience.ts';

vi.setConfig(PATIENCE);
let http: TestHttp;
let forge: SpawnedForge;
beforeAll(async () => {
  [http, forge] = await Promise.all([openTestHttp(), spawnForge()]);
  await forge.createRepository({ owner: 'acme', name: 'net', files: { a: 'x' } });
  await forge.createRepository({ owner: 'acme', name: 'other', files: { a: 'x' } });
  await forge.createRepository({ provider: 'gitlab', owner: 'lab', name: 'net', files: { a: 'x' } });
});
beforeEach(() => forge.clearFaults());
afterAll(async () => {
  await http.close();
  await forge.stop();
});

const LIST = '/api/organizations/default/git-tokens/';
let made = 0;
const nextName = (): string => `token-${++made}`;
type ForgeToken = Parameters<SpawnedForge['createToken']>[0];
const classic = (more: object = {}) => ({ kind: 'classic', login: 'ana', scopes: ['repo'], ...more });

/** A token at the forge, and what saving it here is answered. */
async function save(token: object, fields: object = {}) {
  const there = await forge.createToken(token as ForgeToken);
  const provider = 'provider' in fields ? fields.provider : 'github';
  const body = { name: nextName(), provider, url: forge.url, token: there.token, ...fields };
  const answer = await http.call('POST', LIST, { body });
  return { there, answer, body, path: `${LIST}${answer.body?.id}/` };
}
const down = () => forge.addFault({ action: { kind: 'respond', status: 503 } });

describe('saving a token', () => {
  test('asks the provider first and keeps what it says', async () => {
    const { answer } = await save(classic({ expires_at: '2099-03-04T05:06:07Z' }));

    expect(answer.status).toBe(201);
    expect(answer.body).toMatchObject({
      kind: 'classic',
      login: 'ana',
      state: 'ok',
      reason: null,
      missing: [],
      scopes: ['repo'],
      expires_at: '2099-03-04T05:06:07.000Z',
      expiry_source: 'provider',
      verified_at: expect.any(String),
      capabilities: { read: { state: 'verified' }, webhooks: { state: 'verified' }, push: { state: 'verified' } },
    });
    expect(answer.body.warnings).toBeUndefined();
  });

  test.each<[string, object, object, string, string]>([
    ['that GitHub refuses', classic({ revoked: true }), {}, 'AUTH_REVOKED', 'bad_credentials'],
    ['that GitLab says is revoked', { kind: 'personal', login: 'ana', revoked: true }, { provider: 'gitlab' }, 'AUTH_REVOKED', 'revoked'],
    [
      'that GitLab says has ended',
      { kind: 'personal', login: 'ana', expires_at: '2020-01-01' },
      { provider: 'gitlab' },
      'AUTH_EXPIRED',
      'expired',
    ],
  ])('%s is refused with why, and nothing is saved', async (_what, token, fields, code, reason) => {
    const { answer, body, there } = await save(token, fields);

    expect([answer.status, answer.body.code, answer.body.reason]).toEqual([400, code, reason]);
    expect(answer.text).not.toContain(there.token);
    expect((await http.call('GET', `${LIST}?name=${body.name}`)).body.count).toBe(0);
  });

  test('that lacks something keeps it, and names the permission, what goes without it, and where to give it', async () => {
    const permissions = { contents: 'read', repository_hooks: 'write', pull_requests: 'write' };
    const { answer } = await save({ kind: 'fine-grained', login: 'ana', permissions });

    expect(answer.status).toBe(201);
    expect(answer.body).toMatchObject({
      kind: 'fine-grained',
      state: 'insufficient',
      reason: 'permission_missing',
      detail: 'Lacks Commit statuses: Read and write. No status is posted on commits.',
      missing: [{ permission: 'Commit statuses: Read and write', fix_url: `${forge.url}/settings/personal-access-tokens` }],
      capabilities: { statuses: { state: 'denied' }, webhooks: { state: 'unverifiable' } },
    });
  });

  test('that may not push is good enough where nothing is pushed', async () => {
    const permissions = { contents: 'read', repository_hooks: 'write', pull_requests: 'write', statuses: 'write' };
    const { answer } = await save({ kind: 'fine-grained', login: 'ana', permissions });

    expect([answer.body.state, answer.body.capabilities.push.state]).toEqual(['ok', 'denied']);
  });

  test.each<[string, object, string]>([
    ['does not answer as it should', { status: 503 }, 'provider_failed'],
    ['limits how often it is asked', { status: 429, headers: { 'retry-after': '60' } }, 'rate_limited'],
    ['is another product', { status: 200, headers: { 'content-type': 'text/html' } }, 'wrong_server'],
  ])('of a provider that %s keeps it unverified, with a warning', async (_what, answered, reason) => {
    await forge.addFault({ action: { kind: 'respond', ...answered } as never });

    const { answer } = await save(classic());

    expect(answer.status).toBe(201);
    expect(answer.body).toMatchObject({
      state: 'unverified',
      reason,
      verified_at: null,
      warnings: [expect.stringContaining('could not be verified')],
    });
  });

  test('of a provider that nobody reaches keeps it unverified', async () => {
    const { answer } = await save(classic(), { url: 'http://127.0.0.1:9' });

    expect([answer.status, answer.body.state, answer.body.reason]).toEqual([201, 'unverified', 'unreachable']);
  });

  test('that ends within a month says so', async () => {
    const soon = new Date(Date.now() + 20 * 24 * 3_600_000).toISOString();

    expect((await save(classic({ expires_at: soon }))).answer.body.state).toBe('expiring');
  });

  test('keeps the end that the user knows where the provider does not say', async () => {
    const { answer } = await save(classic(), { expires_at: '2099-01-31' });

    expect(answer.body).toMatchObject({ expires_at: '2099-01-31T00:00:00.000Z', expiry_source: 'user', state: 'ok' });
  });

  test('asks about the repository that is named', async () => {
    const { answer } = await save(classic({ repositories: ['acme/other'] }), { probe_repository: 'acme/net' });

    expect(answer.body).toMatchObject({ probe_repository: 'acme/net', state: 'insufficient', reason: 'repository_not_visible' });
  });

  test.each([
    ['github', 'acme'],
    ['github', 'acme/net/../../user'],
    ['github', 'acme/net?x=1'],
    ['github', 'https://elsewhere.example.com/acme/net'],
    ['github', 'a/b/c'],
    ['gitlab', 'lab/..'],
    ['plain', '../etc'],
    ['plain', ''],
  ])('of %s refuses to ask about "%s"', async (provider, probe) => {
    const { answer } = await save(classic(), { provider, probe_repository: probe });

    expect([answer.status, Object.keys(answer.body)]).toEqual([400, expect.arrayContaining(['probe_repository'])]);
  });

  test('of a deploy token without its user name is refused under that field', async () => {
    const { answer } = await save({ kind: 'deploy', repository: 'lab/net', scopes: ['read_repository'] }, { provider: 'gitlab' });

    expect([answer.status, Object.keys(answer.body)]).toEqual([400, expect.arrayContaining(['username'])]);
  });
});

describe('asking without saving', () => {
  test('answers what saving would, and saves nothing', async () => {
    const { token } = await forge.createToken({ kind: 'project', repository: 'lab/net', role: 'developer', expires_at: '2099-01-31' });
    const { count } = (await http.call('GET', LIST)).body;

    const { status, body, text } = await http.call('POST', `${LIST}verify/`, { body: { provider: 'gitlab', url: forge.url, token } });

    expect(status).toBe(200);
    expect(body).toMatchObject({
      kind: 'project',
      state: 'insufficient',
      expires_at: '2099-01-31T00:00:00.000Z',
      probed_repository: 'lab/net',
      missing: [{ permission: 'Role Maintainer in lab/net' }],
    });
    expect(text).not.toContain(token);
    expect((await http.call('GET', LIST)).body.count).toBe(count);
  });

  test('answers a refusal by the provider as what it is', async () => {
    const body = { provider: 'github', url: forge.url, token: 'ghp_nobody' };
    const answer = await http.call('POST', `${LIST}verify/`, { body });

    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({ state: 'revoked', reason: 'bad_credentials', capabilities: { read: { state: 'denied' } } });
  });

  test('is for those who manage tokens', async () => {
    const token = await http.tokenOf('viewer');
    const body = { provider: 'github', url: forge.url, token: 'ghp_nobody' };

    expect((await http.call('POST', `${LIST}verify/`, { body, token })).status).toBe(403);
    expect((await http.call('POST', `${LIST}01890000-0000-7000-8000-000000000000/verify/`, { token })).status).toBe(403);
  });

  test('reaches no address that is not allowed', async () => {
    const { status, body } = await http.call('POST', `${LIST}verify/`, {
      body: { provider: 'github', url: 'https://10.0.0.1', token: 'ghp_x' },
    });

    expect([status, Object.keys(body)]).toEqual([400, expect.arrayContaining(['url'])]);
  });
});

describe('asking about a saved token again', () => {
  test('shows what has changed at the provider', async () => {
    const { there, path } = await save(classic());
    await forge.changeToken(there.id, { scopes: ['repo:status'] });

    const { status, body } = await http.call('POST', `${path}verify/`);

    expect([status, body.state, body.scopes]).toEqual([200, 'insufficient', ['repo:status']]);
  });

  test('shows that it was revoked, and that it is back', async () => {
    const { there, path } = await save(classic());
    await forge.changeToken(there.id, { revoked: true });
    const revoked = await http.call('POST', `${path}verify/`);
    await forge.changeToken(there.id, { revoked: false });
    const back = await http.call('POST', `${path}verify/`);

    expect(revoked.body).toMatchObject({ state: 'revoked', reason: 'bad_credentials', detail: expect.stringContaining('refuses') });
    expect(back.body).toMatchObject({ state: 'ok', reason: null, detail: null });
  });

  test('keeps what is known while the provider cannot be asked, and says so', async () => {
    const { answer, path } = await save(classic());
    await down();

    const { body } = await http.call('POST', `${path}verify/`);

    expect(body).toMatchObject({ state: 'ok', verified_at: answer.body.verified_at, capabilities: answer.body.capabilities });
    expect(body.warnings).toEqual([expect.stringContaining('could not be verified')]);
  });

  test('asks about a repository that uses it', async () => {
    const { there, path, body } = await save(classic({ repositories: ['acme/other', 'acme/net'] }));
    await http.call('POST', '/api/extras/git-repositories/', {
      body: { name: nextName(), remote_url: `${forge.url}/acme/net.git`, credential: body.name },
    });
    await forge.changeToken(there.id, { repositories: ['acme/other'] });

    const answer = await http.call('POST', `${path}verify/`);

    expect(answer.body).toMatchObject({ state: 'insufficient', reason: 'repository_not_visible' });
    expect(answer.body.detail).toContain('acme/net');
  });

  test('is answered 404 for one of another organization', async () => {
    const { answer } = await save(classic());
    expect((await http.call('POST', `/api/organizations/nobody/git-tokens/${answer.body.id}/verify/`)).status).toBe(404);
  });
});

describe('replacing a secret', () => {
  test('by one that the provider refuses changes nothing', async () => {
    const { path } = await save(classic());
    const before = (await http.call('GET', path)).body;

    const answer = await http.call('PATCH', path, { body: { token: 'ghp_nobody', description: 'new' } });

    expect([answer.status, answer.body.code]).toEqual([400, 'AUTH_REVOKED']);
    expect((await http.call('GET', path)).body).toEqual(before);
    expect((await http.call('POST', `${path}verify/`)).body.state).toBe('ok');
  });

  test('by a good one keeps what the provider says of that one alone', async () => {
    const { path } = await save(classic({ scopes: [] }), { expires_at: '2099-01-31' });
    const { token } = await forge.createToken({ kind: 'classic', login: 'bob', scopes: ['repo'] });

    const answer = await http.call('PATCH', path, { body: { token } });

    expect(answer.body).toMatchObject({ state: 'ok', login: 'bob', scopes: ['repo'], expires_at: null, expiry_source: 'unknown' });
  });

  test('while the provider is away keeps the new one unverified', async () => {
    const { path } = await save(classic());
    const { token } = await forge.createToken({ kind: 'classic', login: 'bob', scopes: ['repo'] });
    await down();

    const answer = await http.call('PATCH', path, { body: { token } });

    expect(answer.body).toMatchObject({
      state: 'unverified',
      scopes: null,
      verified_at: null,
      capabilities: { read: { state: 'unverifiable' } },
    });
  });

  test('by two at once leaves one of them, and claims nothing that is not known of it', async () => {
    const { path } = await save(classic());
    const names = ['eve', 'fay'];
    const secrets = await Promise.all(
      names.map(async (login) => (await forge.createToken({ kind: 'classic', login, scopes: ['repo'] })).token),
    );

    await Promise.all(secrets.map((token) => http.call('PATCH', path, { body: { token } })));
    const { login } = (await http.call('GET', path)).body;
    const asked = (await http.call('POST', `${path}verify/`)).body.login;

    expect(names).toContain(asked);
    expect([asked, null]).toContain(login);
  });
});

test('what the provider says of the end is not overruled', async () => {
  const { path } = await save(classic({ expires_at: '2099-03-04T05:06:07Z' }));

  const { body } = await http.call('PATCH', path, { body: { expires_at: '2098-01-01' } });

  expect(body).toMatchObject({ expires_at: '2099-03-04T05:06:07.000Z', expiry_source: 'provider' });
});
