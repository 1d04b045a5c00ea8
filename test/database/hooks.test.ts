import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { databaseNow } from '#db/time.ts';
import { isFailure } from '#domain/failure.ts';
import { forgetRepository, registerHook } from '#hooks/register.ts';
import { loadHooks } from '#hooks/secrets.ts';
import type { SpawnedForge } from '#test/forge/client.ts';
import { spawnForge } from '#test/forge/client.ts';
import { PUBLIC_URL, openTestHttp } from '#test/support/http.ts';
import type { TestHttp } from '#test/support/http.ts';

let http: TestHttp;
let forge: SpawnedForge;
beforeAll(async () => {
  [http, forge] = await Promise.all([openTestHttp(), spawnForge()]);
});
afterAll(async () => {
  await http.close();
  await forge.stop();
});

const SIGNAL = AbortSignal.timeout(60_000);
let tokenId: number;
let repositoryId: string;
let fullName: string;
let count = 0;

beforeEach(async () => {
  count += 1;
  const token = await forge.createToken({ kind: 'classic', login: 'ana', scopes: ['repo', 'admin:repo_hook'] });
  tokenId = token.id;
  const remote = await forge.createRepository({ owner: 'acme', name: `repo-${count}`, files: { 'README.md': 'x' } });
  fullName = remote.full_name;
  const credential = { name: `forge-${count}`, provider: 'github', url: forge.url, token: token.token };
  await http.call('POST', '/api/organizations/default/git-tokens/', { body: credential });
  const body = { name: `repo-${count}`, remote_url: remote.clone_url, credential: credential.name };
  repositoryId = (await http.call('POST', '/api/extras/git-repositories/', { body })).body.id;
});

const hookPath = (action = '') => `/api/extras/git-repositories/${repositoryId}/webhook/${action}`;
const register = () => registerHook(http.hooks, { repositoryId }, SIGNAL);
const show = async () => (await http.call('GET', hookPath())).body;
/** Writes of hooks at the forge for this repository. */
const hookEffects = async (): Promise<readonly string[]> =>
  (await forge.effects())
    .filter((effect) => effect.path.includes(`${fullName}/hooks`) && effect.status < 300)
    .map((effect) => effect.method);
const secretsOf = async (hookId: string) => {
  const hook = (await loadHooks(http.hooks, [hookId])).get(hookId);
  return hook?.open().secrets.map((entry) => entry.secret);
};

describe('registering', () => {
  test('makes one hook at the provider, however often it runs', async () => {
    await register();
    await register();

    const hook = await show();
    expect(hook).toMatchObject({ url: `${PUBLIC_URL}/webhooks/github/${hook.id}`, status: 'active', reason: null });
    expect((await hookEffects()).filter((method) => method === 'POST')).toHaveLength(1);
  });

  test('learns what the provider calls the repository', async () => {
    await register();

    const row = await http.database.kysely
      .selectFrom('repositories')
      .select(['remote_id', 'default_branch'])
      .where('id', '=', repositoryId)
      .executeTakeFirstOrThrow();
    expect(row).toEqual({ remote_id: expect.stringMatching(/^\d+$/), default_branch: 'main' });
  });

  test('without the permission says which one is missing, and is not repeated', async () => {
    await forge.changeToken(tokenId, { scopes: [] });

    await register();

    expect(await show()).toMatchObject({ status: 'not_configured', reason: expect.stringMatching(/admin:repo_hook|cannot|credential/i) });
  });

  test('with a revoked token keeps the reason for people to see', async () => {
    await forge.changeToken(tokenId, { revoked: true });

    await register();

    expect(await show()).toMatchObject({ status: 'not_configured', reason: expect.stringMatching(/token|credential/i) });
  });

  test('while the provider fails is left to the queue to repeat, and then heals', async () => {
    const fault = await forge.addFault({ action: { kind: 'respond', status: 502 } });

    const first = await register().then(
      () => 'done',
      (error: unknown) => (isFailure(error) ? error.next : error),
    );
    await forge.clearFaults(fault);
    await register();

    expect(first).toBe('again');
    expect((await show()).status).toBe('active');
  });

  test('of a repository that is gone does nothing', async () => {
    await http.call('DELETE', `/api/extras/git-repositories/${repositoryId}/`);

    await expect(register()).resolves.toBeUndefined();
  });
});

describe('asking for the webhook', () => {
  test('registers it and shows the secret once', async () => {
    const first = await http.call('POST', hookPath());
    const second = await http.call('POST', hookPath());

    expect(first.body).toMatchObject({ status: 'active', secret: expect.stringMatching(/^[\w-]{43}$/) });
    expect(second.body).toMatchObject({ id: first.body.id, status: 'active' });
    expect(second.body).not.toHaveProperty('secret');
    expect(await show()).not.toHaveProperty('secret');
    expect(await secretsOf(first.body.id)).toEqual([first.body.secret]);
  });

  test('shows the secret also when a job made the hook before', async () => {
    await register();

    expect((await http.call('POST', hookPath())).body.secret).toBeTypeOf('string');
  });

  test('gives the secret to one of many who ask at once', async () => {
    const answers = await Promise.all(Array.from({ length: 5 }, () => http.call('POST', hookPath())));

    expect(new Set(answers.map((answer) => answer.body.id)).size).toBe(1);
    expect(answers.filter((answer) => 'secret' in answer.body)).toHaveLength(1);
  });

  test('without a token gives what is needed to paste it by hand', async () => {
    await http.call('PATCH', `/api/extras/git-repositories/${repositoryId}/`, { body: { credential: null } });
    await http.database.kysely.updateTable('repositories').set({ provider: 'github' }).where('id', '=', repositoryId).execute();

    const { body } = await http.call('POST', hookPath());

    expect(body).toMatchObject({
      status: 'not_configured',
      reason: expect.stringContaining('by hand'),
      secret: expect.any(String),
      url: expect.stringContaining('/webhooks/github/'),
    });
  });

  test.each(['', 'rotate/', 'repair/'])('%s with a secret of one’s own, empty or short, is refused, and none is set', async (action) => {
    const before = (await http.call('POST', hookPath())).body;

    const answers = await Promise.all(
      [{ secret: '' }, { secret: 'short' }, { token: 'x' }].map((body) => http.call('POST', hookPath(action), { body })),
    );

    expect(answers.map(({ status, body }) => [status, body.code])).toEqual(answers.map(() => [422, 'FIELD_UNKNOWN']));
    expect(await secretsOf(before.id)).toEqual([before.secret]);
  });

  test('of a server without webhooks is 422', async () => {
    const remote_url = 'https://git.example.com/acme/plain.git';
    const { body } = await http.call('POST', '/api/extras/git-repositories/', { body: { name: `plain-${count}`, remote_url } });

    const answer = await http.call('POST', `/api/extras/git-repositories/${body.id}/webhook/`);

    expect([answer.status, answer.body.code]).toEqual([422, 'NOT_SUPPORTED']);
  });

  test('is shown with the repository', async () => {
    const { body: hook } = await http.call('POST', hookPath());

    const { body } = await http.call('GET', `/api/extras/git-repositories/${repositoryId}/`);

    expect(body.webhook).toEqual({
      id: hook.id,
      url: hook.url,
      status: 'active',
      reason: null,
      since: expect.any(String),
      checked_at: expect.any(String),
    });
  });
});

describe('repairing', () => {
  test('makes a hook anew that was removed at the provider', async () => {
    await register();
    const row = await http.database.kysely
      .selectFrom('hooks')
      .selectAll()
      .where('repository_id', '=', repositoryId)
      .executeTakeFirstOrThrow();
    await forgetRepository(http.hooks, await deletionOf(row.remote_id), SIGNAL);

    const { body } = await http.call('POST', hookPath('repair/'));

    const after = await http.database.kysely.selectFrom('hooks').selectAll().where('id', '=', row.id).executeTakeFirstOrThrow();
    expect(body).toMatchObject({ id: row.id, status: 'active' });
    expect(after.remote_id).not.toBe(row.remote_id);
  });

  test('that cannot look at a registered hook does not claim that it is gone', async () => {
    await register();
    await forge.changeToken(tokenId, { revoked: true });

    const { body } = await http.call('POST', hookPath('repair/'));

    expect(body.status).toBe('unable_to_verify');
  });
});

describe('rotating', () => {
  test('keeps the old secret valid for a day beside the new one', async () => {
    const { body: made } = await http.call('POST', hookPath());
    const { body: rotated } = await http.call('POST', hookPath('rotate/'));

    expect(rotated.secret).not.toBe(made.secret);
    expect(rotated.status).toBe('active');
    expect(await secretsOf(made.id)).toEqual([rotated.secret, made.secret]);
    expect(Date.parse(rotated.previous_until) - Date.now()).toBeGreaterThan(23 * 3_600_000);
    await http.database.kysely.updateTable('hooks').set({ previous_until: databaseNow() }).where('id', '=', made.id).execute();
    expect(await secretsOf(made.id)).toEqual([rotated.secret]);
  });

  test('twice at once leaves both secrets that were given out valid', async () => {
    const { body: made } = await http.call('POST', hookPath());

    const answers = await Promise.all([http.call('POST', hookPath('rotate/')), http.call('POST', hookPath('rotate/'))]);

    expect(new Set(await secretsOf(made.id))).toEqual(new Set(answers.map((answer) => answer.body.secret)));
  });
});

describe('the secrets for verifying', () => {
  test('are nobody’s for a hook that does not exist', async () => {
    expect(await secretsOf('01890000-0000-7000-8000-000000000000')).toBeUndefined();
  });

  test('are gone with the repository', async () => {
    const { body } = await http.call('POST', hookPath());
    await http.call('DELETE', `/api/extras/git-repositories/${repositoryId}/`);

    expect(await secretsOf(body.id)).toBeUndefined();
  });
});

test('forgetting a deleted repository removes its hook at the provider, and a second time does nothing', async () => {
  await register();
  const row = await http.database.kysely
    .selectFrom('hooks')
    .selectAll()
    .where('repository_id', '=', repositoryId)
    .executeTakeFirstOrThrow();
  const payload = await deletionOf(row.remote_id);
  await http.call('DELETE', `/api/extras/git-repositories/${repositoryId}/`);

  await forgetRepository(http.hooks, payload, SIGNAL);
  await forgetRepository(http.hooks, payload, SIGNAL);

  expect((await hookEffects()).filter((method) => method === 'DELETE')).toHaveLength(1);
});

async function deletionOf(remoteHookId: string | null) {
  const { remote_url: remoteUrl, credential_id: credentialId } = await http.database.kysely
    .selectFrom('repositories')
    .select(['remote_url', 'credential_id'])
    .where('id', '=', repositoryId)
    .executeTakeFirstOrThrow();
  return { repositoryId, credentialId, remoteUrl, remoteHookId };
}
