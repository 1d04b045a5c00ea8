import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { listRemoteRefs } from '#git/list-remote-refs.ts';
import { openRemote } from '#repositories/open.ts';
import type { GitHttpServer } from '#test/support/git-http-server.ts';
import { startGitHttpServer } from '#test/support/git-http-server.ts';
import { newGit, newRepository, noAbort } from '#test/support/git-room.ts';
import type { TestHttp } from '#test/support/http.ts';
import { openTestHttp } from '#test/support/http.ts';
import { PATIENCE } from '#test/support/patience.ts';
import { everySealed } from '#test/support/sealed.ts';

vi.setConfig(PATIENCE);
const LIST = '/api/organizations/default/credentials/';
const REPOSITORIES = '/api/extras/git-repositories/';
const ACCESS = { username: 'builder', secret: 'CANARY pass:wörd of 2026' };
let http: TestHttp;
let root = '';
let server: GitHttpServer;
let number = 0;

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'tributary-passwords-'));
  newRepository(root, 'app.git').commit({ a: 'x' });
  mkdirSync(join(root, 'files', 'default'), { recursive: true });
  writeFileSync(join(root, 'files', 'default', 'git'), 'CANARY_in_a_file\n');
  server = await startGitHttpServer({ root, credential: ACCESS });
  http = await openTestHttp({ tokenFiles: join(root, 'files'), tokenVariables: [] });
});
afterAll(async () => {
  await http.close();
  await server.close();
  rmSync(root, { recursive: true, force: true });
});

const create = (fields: object = {}) =>
  http.call('POST', LIST, { body: { name: `password-${++number}`, username: ACCESS.username, password: ACCESS.secret, ...fields } });
const register = (credential: string, remoteUrl = `${server.url}/app.git`) =>
  http.call('POST', REPOSITORIES, { body: { name: `repository-${++number}`, remote_url: remoteUrl, credential, provided_contents: [] } });

describe('a password credential', () => {
  test('is kept sealed and shown by its fingerprint and its last four characters, whoever asks', async () => {
    const created = await create({ description: 'for builds' });
    const again = await create();
    const short = await create({ password: 'short' });

    expect(created.status).toBe(201);
    expect(created.body).toMatchObject({ kind: 'password', username: 'builder', url: null, description: 'for builds', last4: '2026' });
    expect(created.body.fingerprint).toMatch(/^[0-9a-f]{16}$/);
    expect([again.body.fingerprint, short.body.last4]).toEqual([created.body.fingerprint, null]);
    expect(short.body.fingerprint).not.toBe(created.body.fingerprint);
    const read = await http.call('GET', `${LIST}${created.body.id}/`);
    const listed = await http.call('GET', LIST);
    const tokens = await http.call('GET', '/api/organizations/default/git-tokens/');
    const row = await http.database.kysely
      .selectFrom('credentials')
      .selectAll()
      .where('id', '=', created.body.id)
      .executeTakeFirstOrThrow();
    expect(listed.body.count).toBeGreaterThanOrEqual(3);
    expect(tokens.body.count).toBe(0);
    for (const text of [created.text, read.text, listed.text, JSON.stringify(row), Buffer.from(row.sealed_secret).toString('latin1')])
      expect(text).not.toMatch(/CANARY|pass:w/);
  });

  test('opens the repository that names it for Git, and is bound to the server of that repository', async () => {
    const { body: credential } = await create();
    const { body: repository } = await register(credential.name);

    const remote = await openRemote(http.hooks, repository.id);

    expect(repository.credential).toMatchObject({ id: credential.id, object_type: 'extras.credential' });
    expect(repository.credential.url).toContain(`/organizations/default/credentials/${credential.id}/`);
    expect((await listRemoteRefs(await newGit(), remote, noAbort())).head).toBe('refs/heads/main');
    expect((await http.call('GET', `${LIST}${credential.id}/`)).body).toMatchObject({ url: server.url, repositories_count: 1 });
    const elsewhere = await register(credential.id, 'https://git.example.com/acme/app.git');
    expect([elsewhere.status, elsewhere.body.credential?.[0]]).toEqual([400, expect.stringContaining(`belongs to ${server.url}`)]);
    await http.call('DELETE', `${REPOSITORIES}${repository.id}/`);
  });

  test('is not bound by a registration that is refused', async () => {
    const { body: credential } = await create();
    const answer = await http.call('POST', REPOSITORIES, {
      body: { name: 'bad', slug: '9 lives', remote_url: `${server.url}/app.git`, credential: credential.id },
    });

    expect(answer.status).toBe(400);
    expect((await http.call('GET', `${LIST}${credential.id}/`)).body.url).toBeNull();
  });

  test('is dropped by a repository that is pointed to another server, with a word', async () => {
    const { body: credential } = await create();
    const { body: repository } = await register(credential.id);

    const moved = await http.call('PATCH', `${REPOSITORIES}${repository.id}/`, {
      body: { remote_url: 'https://git.example.com/acme/app.git' },
    });

    expect(moved.body).toMatchObject({ credential: null, warnings: [expect.stringContaining('was dropped')] });
    expect(
      (await openRemote({ ...http.hooks, vetRemote: async (url) => ({ url, pinned: undefined, plainHttp: false }) }, repository.id)).access,
    ).toBeUndefined();
    await http.call('DELETE', `${REPOSITORIES}${repository.id}/`);
  });

  test('is replaced for all that use it, and moved to another server with the password only', async () => {
    const { body: credential } = await create({ url: server.url });
    const { body: repository } = await register(credential.id);
    const patch = (body: object) => http.call('PATCH', `${LIST}${credential.id}/`, { body });

    const changed = await patch({ password: 'another password', username: 'other' });
    expect((await openRemote(http.hooks, repository.id)).access).toEqual({ username: 'other', secret: 'another password' });
    expect(changed.body.fingerprint).not.toBe(credential.fingerprint);
    expect((await patch({ url: 'https://git.example.com' })).body.password[0]).toContain('never sent to another server unasked');
    expect((await patch({ url: 'https://git.example.com', password: 'x' })).body).toMatchObject({ code: 'IN_USE' });
    await http.call('DELETE', `${REPOSITORIES}${repository.id}/`);
    expect((await patch({ url: 'https://git.example.com', password: 'x' })).body.url).toBe('https://git.example.com');
  });

  test('is not deleted while a repository uses it, unless forced; that repository then says why it stands still', async () => {
    const { body: credential } = await create();
    const { body: repository } = await register(credential.id);

    const refused = await http.call('DELETE', `${LIST}${credential.id}/`);
    expect([refused.status, refused.body.code, refused.body.repositories]).toEqual([
      409,
      'IN_USE',
      [{ id: repository.id, name: repository.name }],
    ]);

    expect((await http.call('DELETE', `${LIST}${credential.id}/?force=true`)).status).toBe(204);
    expect((await http.call('GET', `${REPOSITORIES}${repository.id}/`)).body).toMatchObject({
      credential: null,
      operational_status: { state: 'error-cred', reason: expect.stringContaining(credential.name) },
    });
    await http.call('DELETE', `${REPOSITORIES}${repository.id}/`);
  });

  test('that is kept in a file is read at every use and is not in the database', async () => {
    const { body } = await create({ password: undefined, token_from: { file: 'git' } });
    const { body: repository } = await register(body.id);

    expect(body).toMatchObject({ token_from: { file: 'git' }, fingerprint: null, last4: null });
    expect((await openRemote(http.hooks, repository.id)).access?.secret).toBe('CANARY_in_a_file');
    const [stored] = (await everySealed(http.database)).filter(({ id }) => id === body.id);
    const place = { table: 'credentials', field: 'secret', rowId: body.id, organizationId: http.start.organizationId } as const;
    expect(http.hooks.vault.open(stored?.sealed ?? new Uint8Array(), place)).not.toContain('CANARY');
    await http.call('DELETE', `${REPOSITORIES}${repository.id}/`);
  });

  test.each([
    [{ username: 'a\nb' }, 'username'],
    [{ username: 'a\rb' }, 'username'],
    [{ username: 'a:b' }, 'username'],
    [{ username: '' }, 'username'],
    [{ password: 'CANARY\r\nX: y' }, 'password'],
    [{ password: 'CANARY\u0000' }, 'password'],
    [{ password: 'CANARY\u001B[2J' }, 'password'],
    [{ password: '' }, 'password'],
    [{ password: undefined }, 'password'],
    [{ token_from: { file: 'git' } }, 'token_from'],
    [{ url: 'https://u:CANARY@git.example.com' }, 'url'],
    [{ url: 'https://git.exa\r\nmple.com' }, 'url'],
    [{ url: 'https://10.0.0.1' }, 'url'],
    [{ network: { proxy_url: 'socks5://CANARY@h' } }, 'network'],
  ])('is refused under its field, and nothing is said back (%#)', async (fields, field) => {
    const before = server.requests.length;

    const { status, body, text } = await create(fields);

    expect([status, Object.keys(body)]).toEqual([400, expect.arrayContaining([field])]);
    expect(text).not.toContain('CANARY');
    expect(server.requests.length).toBe(before);
  });

  test.each(['viewer'] as const)('is seen and changed by no %s', async (role) => {
    const token = await http.tokenOf(role);
    const { body } = await create();

    const answers = [
      await http.call('GET', LIST, { token }),
      await http.call('GET', `${LIST}${body.id}/`, { token }),
      await http.call('PATCH', `${LIST}${body.id}/`, { token, body: { name: 'x' } }),
      await http.call('DELETE', `${LIST}${body.id}/`, { token }),
      await http.call('POST', `${LIST}${body.id}/verify/`, { token, body: { remote_url: `${server.url}/app.git` } }),
    ];

    expect(answers.map(({ status }) => status)).toEqual([403, 403, 403, 403, 403]);
  });
});

const remote_url = (): string => `${server.url}/app.git`;

const tryIt = (fields: object) =>
  http.call('POST', `${LIST}verify/`, {
    body: { username: ACCESS.username, password: ACCESS.secret, remote_url: remote_url(), ...fields },
  });

describe('verifying', () => {
  test('says whether the server takes it, without saving anything', async () => {
    const before = (await http.call('GET', LIST)).body.count;

    const good = await tryIt({});
    const bad = await tryIt({ password: 'CANARY_wrong' });

    expect(good.body).toMatchObject({ state: 'ok', read: { state: 'verified' }, push: { state: 'verified' } });
    expect(bad.body).toMatchObject({ state: 'refused', read: { state: 'denied' }, push: { state: 'denied' } });
    expect(`${good.text}${bad.text}`).not.toContain('CANARY');
    expect((await http.call('GET', LIST)).body.count).toBe(before);
  });

  test.each(['https://u:CANARY@git.example.com/a/b.git', 'ext::sh -c touch', 'https://10.0.0.1/a/b.git'])(
    'asks nobody at %s',
    async (address) => {
      const { status, body, text } = await tryIt({ remote_url: address });

      expect([status, Object.keys(body)]).toEqual([400, expect.arrayContaining(['remote_url'])]);
      expect(text).not.toContain('CANARY');
    },
  );

  test('keeps what the server says of one that is saved, and lets it go nowhere else', async () => {
    const { body: credential } = await create({ url: server.url });
    const verify = (address: string) => http.call('POST', `${LIST}${credential.id}/verify/`, { body: { remote_url: address } });

    expect((await verify(remote_url())).body.state).toBe('ok');
    expect((await http.call('GET', `${LIST}${credential.id}/`)).body).toMatchObject({ state: 'ok', verified_at: expect.any(String) });
    await http.call('PATCH', `${LIST}${credential.id}/`, { body: { password: 'wrong one' } });
    expect((await http.call('GET', `${LIST}${credential.id}/`)).body).toMatchObject({ state: 'unverified', verified_at: null });
    expect((await verify(remote_url())).body.state).toBe('refused');
    expect((await http.call('GET', `${LIST}${credential.id}/`)).body.state).toBe('revoked');
    expect((await verify('https://git.example.com/acme/app.git')).body.remote_url[0]).toContain('sent nowhere else');
  });

  test('of one that is for no server yet asks nobody', async () => {
    const { body: credential } = await create();

    const { body } = await http.call('POST', `${LIST}${credential.id}/verify/`, { body: { remote_url: remote_url() } });

    expect(body.remote_url[0]).toContain('no server yet');
  });
});
