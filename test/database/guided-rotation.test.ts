import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { openRemote } from '#repositories/open.ts';
import type { SpawnedForge } from '#test/forge/client.ts';
import { spawnForge } from '#test/forge/client.ts';
import { openTestHttp } from '#test/support/http.ts';
import type { TestHttp } from '#test/support/http.ts';
import { PATIENCE } from '#test/support/patience.ts';

vi.setConfig(PATIENCE);
const TOKENS = '/api/organizations/default/git-tokens/';
let http: TestHttp;
let forge: SpawnedForge;
beforeAll(async () => {
  [http, forge] = await Promise.all([openTestHttp(), spawnForge()]);
});
afterAll(async () => {
  await http.close();
  await forge.stop();
});

let made = 0;
const make = (scopes: readonly string[] = ['repo']) => forge.createToken({ kind: 'classic', login: `user-${++made}`, scopes: [...scopes] });

async function register() {
  const there = await make();
  const name = `token-${made}`;
  const remote = await forge.createRepository({ owner: 'acme', name, files: { a: 'x' } });
  const { body } = await http.call('POST', TOKENS, { body: { name, provider: 'github', url: forge.url, token: there.token } });
  const repository = { name, remote_url: remote.clone_url, credential: name };
  const repositoryId: string = (await http.call('POST', '/api/extras/git-repositories/', { body: repository })).body.id;
  return { id: body.id as string, name, there, repositoryId, path: `${TOKENS}${body.id}/` };
}
type Registered = Awaited<ReturnType<typeof register>>;
const begin = ({ path }: Registered) => http.call('POST', `${path}rotate/`);
const submit = ({ path }: Registered, body: object) => http.call('POST', `${path}rotate/submit/`, { body });
const confirm = ({ path }: Registered) => http.call('POST', `${path}rotate/confirm/`);
const used = async ({ repositoryId }: Registered) => (await openRemote(http.hooks, repositoryId)).access?.secret;

describe('a token that a person replaces', () => {
  test('is in use until the new one was tried, and then the new one is; the end says what lives on', async () => {
    const token = await register();
    const begun = await begin(token);
    expect([begun.status, begun.body]).toMatchObject([
      200,
      {
        state: 'guided',
        by_provider: false,
        guide: { create_url: `${forge.url}/settings/tokens/new`, steps: [expect.any(String), expect.any(String), expect.any(String)] },
      },
    ]);
    expect(await used(token)).toBe(token.there.token);

    const newer = await make();
    const submitted = await submit(token, { token: newer.token });
    expect([submitted.status, submitted.body.state, submitted.body.rotation.state]).toEqual([200, 'ok', 'submitted']);
    expect(await used(token)).toBe(newer.token);
    expect((await http.call('GET', `${token.path}rotate/`)).body).toMatchObject({ state: 'submitted', previous_until: expect.any(String) });

    const ended = await confirm(token);
    expect([ended.status, ended.body]).toMatchObject([
      200,
      { repositories: [{ id: token.repositoryId }], previous: { state: 'still_valid', revoke_url: `${forge.url}/settings/tokens` } },
    ]);
    expect((await http.call('GET', `${token.path}rotate/`)).body).toMatchObject({ state: 'none', previous_until: null });
    const { rows } = await sql`select sealed_previous_secret from credentials where id = ${token.id}`.execute(http.database.kysely);
    expect(rows).toEqual([{ sealed_previous_secret: null }]);
    for (const { text } of [begun, submitted, ended]) expect(text).not.toMatch(/gh[ps]_[A-Za-z0-9]{8}/);
  });

  test('whose old one was revoked meanwhile is told so', async () => {
    const token = await register();
    await begin(token);
    await submit(token, { token: (await make()).token });
    await forge.changeToken(token.there.id, { revoked: true });

    expect((await confirm(token)).body.previous).toMatchObject({ state: 'revoked', revoke_url: null });
  });

  test('by one that may less is told what it loses, and nothing changes unless that is accepted', async () => {
    const token = await register();
    await begin(token);
    const weaker = await make(['repo:status']);

    const refused = await submit(token, { token: weaker.token });

    expect([refused.status, refused.body.code]).toEqual([409, 'ROTATION_LOSES']);
    expect(refused.body.lost.map(({ capability }: { readonly capability: string }) => capability)).toContain('read');
    expect(await used(token)).toBe(token.there.token);
    expect((await submit(token, { token: weaker.token, accept_losses: true })).status).toBe(200);
    expect(await used(token)).toBe(weaker.token);
  });

  test('by one that the provider refuses keeps the old one', async () => {
    const token = await register();
    await begin(token);

    const refused = await submit(token, { token: 'ghp_nobodyKnowsThis0000000000000000000000' });

    expect([refused.status, refused.body.code]).toEqual([400, 'AUTH_REVOKED']);
    expect(await used(token)).toBe(token.there.token);
  });

  test('is put back when it is given up', async () => {
    const token = await register();
    await begin(token);
    await submit(token, { token: (await make()).token });

    const { status, body } = await http.call('DELETE', `${token.path}rotate/`);

    expect([status, body.rotation, body.state]).toEqual([200, null, 'unverified']);
    expect(await used(token)).toBe(token.there.token);
    expect((await http.call('POST', `${token.path}verify/`)).body.state).toBe('ok');
  });

  test('takes its steps in order, and each once', async () => {
    const token = await register();

    const early = [
      await submit(token, { token: (await make()).token }),
      await confirm(token),
      await http.call('DELETE', `${token.path}rotate/`),
    ];
    await begin(token);
    const newer = await make();
    const both = await Promise.all([submit(token, { token: newer.token }), submit(token, { token: newer.token })]);

    expect(early.map(({ status, body }) => [status, body.code])).toEqual(Array.from({ length: 3 }, () => [422, 'ROTATION_FAILED']));
    expect(new Set(both.map(({ status }) => status))).toEqual(new Set([200, 422]));
    expect((await begin(token)).status).toBe(422);
  });

  test('is not to be rotated by a viewer, nor from another organization', async () => {
    const token = await register();

    expect((await http.call('POST', `${token.path}rotate/`, { token: await http.tokenOf('viewer') })).status).toBe(403);
    expect((await http.call('POST', `/api/organizations/other/git-tokens/${token.id}/rotate/`)).status).toBe(404);
  });
});
