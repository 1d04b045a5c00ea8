import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { checkNetworks } from '#app/examine/networks.ts';
import { listUnverified } from '#credentials/network/store.ts';
import { readHealth } from '#observe/store.ts';
import { openRemote } from '#repositories/open.ts';
import type { ConnectProxy } from '#test/support/connect-proxy.ts';
import { startConnectProxy } from '#test/support/connect-proxy.ts';
import type { GitHttpServer } from '#test/support/git-http-server.ts';
import { startGitHttpServer } from '#test/support/git-http-server.ts';
import { newGit, newRepository } from '#test/support/git-room.ts';
import type { TestHttp } from '#test/support/http.ts';
import { openTestHttp } from '#test/support/http.ts';
import { openRemotes } from '#test/support/remotes.ts';
import { PATIENCE } from '#test/support/patience.ts';
import { authority, certificate } from '#test/support/tls.ts';

vi.setConfig(PATIENCE);
const TOKENS = '/api/organizations/default/git-tokens/';
const REPOSITORIES = '/api/extras/git-repositories/';
const ACCESS = { username: 'bot', secret: 'CANARY_token' };
const PROXY_ACCESS = { username: 'me', secret: 'CANARY_proxy' };
const NOTHING = { ca_certificate: null, proxy_url: null, tls_verify: null };
let http: TestHttp;
let root = '';
let server: GitHttpServer;
let proxy: ConnectProxy;
let number = 0;

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'tributary-networks-'));
  newRepository(root, 'app.git').commit({ a: 'x' });
  server = await startGitHttpServer({ root, tls: certificate('server'), credential: ACCESS });
  proxy = await startConnectProxy(server.port, PROXY_ACCESS);
  http = await openTestHttp();
});
afterAll(async () => {
  await http.close();
  await proxy.close();
  await server.close();
  rmSync(root, { recursive: true, force: true });
});

const proxyUrl = (): string => `http://me:CANARY_proxy@127.0.0.1:${proxy.port}`;

async function createToken(network?: object) {
  const name = `token-${++number}`;
  const body = { name, provider: 'plain', url: server.url, username: ACCESS.username, token: ACCESS.secret, probe_repository: 'app.git' };
  return http.call('POST', TOKENS, { body: { ...body, ...(network === undefined ? {} : { network }) } });
}

async function register(credential: string, network?: object) {
  const name = `repository-${++number}`;
  const provided = { provided_contents: [] };
  return http.call('POST', REPOSITORIES, { body: { name, remote_url: `${server.url}/app.git`, credential, ...provided, network } });
}

test('a token for a server with an own authority is verified with that authority, and without it not', async () => {
  const without = await createToken();
  const given = await createToken({ ca_certificate: authority('ca') });

  expect(without.body).toMatchObject({ state: 'unverified', reason: 'tls_untrusted', network: NOTHING });
  expect(without.body.warnings[0]).toContain('is signed by an authority that is not trusted here');
  expect(given.body).toMatchObject({ state: 'ok', network: { ...NOTHING, ca_certificate: authority('ca') } });
  expect(given.body.capabilities.read.state).toBe('verified');
});

test('a token is verified through its proxy, whose address is shown to nobody and stands in no table', async () => {
  const before = proxy.asked.length;

  const created = await createToken({ ca_certificate: authority('ca'), proxy_url: proxyUrl() });

  expect(created.body).toMatchObject({ state: 'ok', network: { proxy_url: '***' } });
  expect(proxy.asked.length).toBeGreaterThan(before);
  const listed = await http.call('GET', TOKENS);
  const read = await http.call('GET', `${TOKENS}${created.body.id}/`);
  const rows = await http.database.kysely.selectFrom('networks').selectAll().where('credential_id', '=', created.body.id).execute();
  const stored = rows.map((row) => `${JSON.stringify(row)}${Buffer.from(row.sealed_proxy_url ?? []).toString('latin1')}`);
  expect(stored).toHaveLength(1);
  for (const text of [created.text, listed.text, read.text, ...stored]) {
    expect(text).not.toContain('CANARY');
    expect(text).not.toContain(`127.0.0.1:${proxy.port}`);
  }
});

test('settings that are sent back as they were shown stay as they are, and null takes one of them away', async () => {
  const { body: token } = await createToken({ ca_certificate: authority('ca'), proxy_url: proxyUrl() });
  const patch = (network: unknown) => http.call('PATCH', `${TOKENS}${token.id}/`, { body: { network } });

  expect((await patch(token.network)).body.network).toEqual(token.network);
  expect(await http.hooks.openNetwork({ credentialId: token.id })).toMatchObject({ proxy: { port: proxy.port, access: PROXY_ACCESS } });
  expect((await patch({ proxy_url: null })).body.network).toEqual({ ...token.network, proxy_url: null });
  expect((await patch({ tls_verify: true })).body.network).toMatchObject({ ca_certificate: authority('ca'), tls_verify: true });
  expect((await patch(null)).body.network).toEqual(NOTHING);
  expect(await http.hooks.openNetwork({ credentialId: token.id })).toBeUndefined();
});

test.each([
  [{ ca_certificate: 'no PEM' }, 'ca_certificate: Is no PEM'],
  [{ ca_certificate: certificate('server').cert }, "a server's own"],
  [{ proxy_url: 'socks5://CANARY:x@127.0.0.1:1080' }, 'proxy_url: Only http and https'],
  [{ proxy_url: 'http://CANARY:x@10.0.0.1:3128' }, 'proxy_url: This proxy may not be reached from here'],
])('settings that cannot work are refused under their field (%#)', async (network, message) => {
  const { body: token } = await createToken({ ca_certificate: authority('ca') });

  for (const answer of [
    await createToken(network),
    await http.call('PATCH', `${TOKENS}${token.id}/`, { body: { network } }),
    await register(token.id, network),
  ]) {
    expect([answer.status, answer.body.network?.[0]]).toEqual([400, expect.stringContaining(message)]);
    expect(answer.text).not.toContain('CANARY');
  }
});

test('what the repository says wins over its token, setting by setting, for Git and for the API alike', async () => {
  const { body: token } = await createToken({ ca_certificate: authority('other'), proxy_url: proxyUrl() });
  const { body: repository } = await register(token.id, { ca_certificate: authority('ca') });

  const remote = await openRemote(http.hooks, repository.id);

  expect(repository.network).toEqual({ ...NOTHING, ca_certificate: authority('ca') });
  expect(remote.network).toEqual({
    caCertificate: authority('ca'),
    proxy: { scheme: 'http', host: '127.0.0.1', port: proxy.port, access: PROXY_ACCESS },
    tlsVerify: true,
  });
  const network = await http.hooks.openNetwork({ credentialId: token.id, repositoryId: repository.id });
  expect((await http.hooks.through(network)(`${server.url}/app.git/info/refs`)).status).toBe(401);
  await expect(http.hooks.through(await http.hooks.openNetwork({ credentialId: token.id }))(server.url)).rejects.toMatchObject({
    code: 'TLS_UNTRUSTED',
  });
  await http.call('DELETE', `${REPOSITORIES}${repository.id}/`);
});

test('a proxy that the operator allows no more is connected to by nobody, is said, and can be taken away', async () => {
  const { body: token } = await createToken({ ca_certificate: authority('ca'), proxy_url: proxyUrl() });
  const id = (
    await http.database.kysely.selectFrom('networks').select('id').where('credential_id', '=', token.id).executeTakeFirstOrThrow()
  ).id;
  const place = { table: 'networks', field: 'proxy_url', rowId: id, organizationId: http.start.organizationId } as const;
  const sealed = http.hooks.vault.seal('http://10.0.0.7:3128', place);
  await http.database.kysely.updateTable('networks').set({ sealed_proxy_url: sealed }).where('id', '=', id).execute();

  const verified = await http.call('POST', `${TOKENS}${token.id}/verify/`);

  expect([verified.status, verified.body.warnings[0]]).toEqual([
    200,
    expect.stringContaining('The proxy is at an address that may not be reached'),
  ]);
  const changed = await http.call('PATCH', `${TOKENS}${token.id}/`, { body: { network: { proxy_url: null } } });
  expect(changed.body).toMatchObject({ state: 'ok', network: { proxy_url: null } });
});

test('verification that is switched off is said by the token, the repository, doctor and the metrics, until it is on again', async () => {
  const { body: token } = await createToken({ tls_verify: false });
  const { body: repository } = await register(token.id, { tls_verify: false });
  const off = 'TLS verification is switched off';

  expect([token.state, token.warnings[0]]).toEqual(['ok', expect.stringContaining(off)]);
  expect(repository.warnings[0]).toContain(off);
  expect((await http.call('GET', `${REPOSITORIES}${repository.id}/`)).body.warnings[0]).toContain(off);
  expect(checkNetworks(await listUnverified(http.database))).toMatchObject({
    state: 'warn',
    detail: expect.stringContaining(`credential "${token.name}", repository "${repository.name}"`),
  });
  expect((await readHealth(http.database)).unverifiedTls).toEqual(
    expect.arrayContaining([
      { what: 'credential', count: 1 },
      { what: 'repository', count: 1 },
    ]),
  );

  const remotes = openRemotes(http, await newGit());
  await remotes.bring(repository.id);
  expect(remotes.messages.filter((message) => message.startsWith(off))).toHaveLength(1);

  const changed = await http.call('PATCH', `${REPOSITORIES}${repository.id}/`, { body: { network: { tls_verify: true } } });
  await http.call('PATCH', `${TOKENS}${token.id}/`, { body: { network: { tls_verify: true, ca_certificate: authority('ca') } } });

  expect(changed.body.warnings).toBeUndefined();
  expect(checkNetworks(await listUnverified(http.database)).state).toBe('ok');
  expect((await openRemote(http.hooks, repository.id)).network).toMatchObject({ tlsVerify: true });
});
