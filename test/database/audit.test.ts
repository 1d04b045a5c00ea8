import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { auditHook } from '#hooks/audit.ts';
import { registerHook } from '#hooks/register.ts';
import { auditSoon, claimAudits, findHook } from '#hooks/store.ts';
import type { HookRow } from '#hooks/store.ts';
import type { SpawnedForge } from '#test/forge/client.ts';
import { spawnForge } from '#test/forge/client.ts';
import { openTestHttp } from '#test/support/http.ts';
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
afterEach(() => forge.clearFaults());

const soon = () => AbortSignal.timeout(60_000);
let token: { readonly id: number; readonly token: string };
let repositoryId: string;
let fullName: string;
let count = 0;

beforeEach(async () => {
  count += 1;
  token = await forge.createToken({ kind: 'classic', login: 'ana', scopes: ['repo', 'admin:repo_hook'] });
  const remote = await forge.createRepository({ owner: 'acme', name: `repo-${count}`, files: { 'README.md': 'x' } });
  fullName = remote.full_name;
  // Nothing is sent to the address of the service, which is nobody's; what is recorded is that it failed.
  await forge.addFault({ target: 'delivery', match: {}, action: { kind: 'respond', status: 502 } });
  const credential = { name: `forge-${count}`, provider: 'github', url: forge.url, token: token.token };
  await http.call('POST', '/api/organizations/default/git-tokens/', { body: credential });
  const body = { name: `repo-${count}`, remote_url: remote.clone_url, credential: credential.name };
  repositoryId = (await http.call('POST', '/api/extras/git-repositories/', { body })).body.id;
  await registerHook(http.hooks, { repositoryId }, soon());
  await forge.settle();
});

async function hook(): Promise<HookRow> {
  const row = await findHook(http.database, repositoryId);
  if (row === undefined) throw new Error('there is no hook');
  return row;
}
const audit = async (): Promise<void> =>
  auditHook({ ...http.hooks, log: pino({ level: 'silent' }), now: () => new Date() }, { hookId: (await hook()).id }, soon());
const push = async (): Promise<void> => {
  await forge.push({ repository: fullName, branch: 'main', files: { 'README.md': randomUUID() } });
  await forge.settle();
};
const deliveries = async () => forge.deliveries({ hookId: Number((await hook()).remote_id) });
const redelivered = async () => (await deliveries()).filter(({ redelivery }) => redelivery).map(({ guid }) => guid);
/** What an owner does at the provider. */
async function atProvider(method: string, path: string, body?: object): Promise<void> {
  const { remote_id: id } = await hook();
  const answer = await fetch(`${forge.url}/api/v3/repos/${fullName}/hooks/${id}${path}`, {
    method,
    headers: { authorization: `token ${token.token}`, 'user-agent': 'an owner' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  if (!answer.ok) throw new Error(`${answer.status} ${await answer.text()}`);
}

describe('deliveries that failed', () => {
  test('are asked for again, except for those that are in the inbox', async () => {
    await push();
    await push();
    const [, arrived, missed] = (await deliveries()).map(({ guid }) => guid);
    const { id, organization_id: organizationId } = await hook();
    await sql`
      insert into deliveries (id, organization_id, hook_id, provider, delivery_key, event, headers, body, body_hash)
      values (${randomUUID()}, ${organizationId}, ${id}, 'github', ${arrived}, 'push', '{}', '\\x7b7d', '\\x00')`.execute(
      http.database.kysely,
    );

    await audit();
    await forge.settle();

    expect(await redelivered()).toContain(missed);
    expect(await redelivered()).not.toContain(arrived);
  });

  test('are asked for once in an audit though they failed several times', async () => {
    await push();
    const [, failed] = await deliveries();
    for (let times = 0; times < 3; times++) await forge.deliverAgain(failed?.id ?? 0);
    await forge.settle();
    const before = (await redelivered()).length;

    await audit();
    await forge.settle();

    expect((await redelivered()).slice(before).filter((guid) => guid === failed?.guid)).toHaveLength(1);
  });

  test('are left alone where the provider does not show them, and the hook is looked after all the same', async () => {
    await push();
    await atProvider('PATCH', '', { active: false });
    await forge.addFault({
      target: 'api',
      match: { path: '/deliveries' },
      action: { kind: 'respond', status: 404, body: { message: 'Not Found' } },
    });

    await audit();
    await forge.settle();

    expect(await redelivered()).toEqual([]);
    expect(await hook()).toMatchObject({ status: 'active' });
  });

  test('are asked for 25 at a time, over as many pages as they fill', async () => {
    for (let number = 0; number < 130; number++)
      await forge.deliverRaw({ hook_id: Number((await hook()).remote_id), event: 'push', payload: { number } });
    await forge.settle();

    await audit();
    await forge.settle();

    expect(await redelivered()).toHaveLength(25);
  });
});

describe('a hook that', () => {
  test('is as it should be is left as it is', async () => {
    const before = await hook();

    await audit();

    expect(await hook()).toMatchObject({ status: 'active', remote_id: before.remote_id, updated_at: before.updated_at });
  });

  test.each([
    ['was switched off', '', { active: false }],
    ['sends less than is wanted', '', { events: ['push'] }],
    ['was given another address', '/config', { url: 'https://elsewhere.example.com/hook' }],
  ])('%s is mended', async (_what, path, change) => {
    const before = await hook();
    await atProvider('PATCH', path, change);

    await audit();

    const [effect] = (await forge.effects())
      .filter(({ method, path: at }) => method === 'PATCH' && at.endsWith(`/hooks/${before.remote_id}`))
      .slice(-1);
    expect(effect?.body).toMatchObject({ active: true, events: ['push', 'pull_request'] });
    expect(await hook()).toMatchObject({ status: 'active', status_detail: null, remote_id: before.remote_id });
  });

  test('was removed is made again', async () => {
    const before = await hook();
    await atProvider('DELETE', '');

    await audit();

    const after = await hook();
    expect(after).toMatchObject({ status: 'active', status_detail: null });
    expect(after.remote_id).not.toBe(before.remote_id);
  });

  test('cannot be mended with this token says what is wrong and what is missing', async () => {
    await atProvider('PATCH', '', { active: false });
    await forge.changeToken(token.id, { scopes: ['repo:status', 'public_repo', 'read:repo_hook', 'repo'] });
    await forge.addFault({
      target: 'api',
      match: { method: 'PATCH', path: '/hooks/' },
      action: { kind: 'respond', status: 404, body: { message: 'Not Found' } },
    });
    await forge.addFault({
      target: 'api',
      match: { method: 'POST', path: '/hooks$' },
      action: { kind: 'respond', status: 404, body: { message: 'Not Found' } },
    });

    await audit();

    expect(await hook()).toMatchObject({
      status: 'misconfigured',
      status_detail: expect.stringMatching(
        /^The webhook is switched off at GitHub\. It could not be mended: .*permission to manage webhooks/,
      ),
    });
  });

  test('cannot be looked at any more says why, and keeps its place at the provider', async () => {
    const before = await hook();
    await forge.changeToken(token.id, { scopes: [] });

    await audit();

    expect(await hook()).toMatchObject({
      status: 'unable_to_verify',
      status_detail: expect.stringMatching(/Cannot list the webhooks .* by hand at the provider/),
      remote_id: before.remote_id,
    });
  });

  test('cannot be looked at stays active while deliveries arrive, and says both', async () => {
    await sql`update hooks set last_delivery_at = now() where repository_id = ${repositoryId}`.execute(http.database.kysely);
    await forge.changeToken(token.id, { scopes: [] });

    await audit();

    expect(await hook()).toMatchObject({
      status: 'active',
      status_detail: expect.stringMatching(/^Deliveries arrive, but the webhook cannot be looked at\. Cannot list/),
    });
  });
});

const dueNow = () => sql`update hooks set audit_after = now() - interval '1 second'`.execute(http.database.kysely);
const claim = () => http.database.transaction((tx) => claimAudits(tx));

describe('when hooks are looked after', () => {
  test('is about every hour, one of a credential at a time, each by one worker', async () => {
    await sql`update repositories set credential_id = (select credential_id from repositories where id = ${repositoryId})`.execute(
      http.database.kysely,
    );
    await dueNow();

    const taken = [...(await claim()), ...(await claim())];

    expect(taken).toHaveLength(1);
    const { rows } = await sql<{ soon: number; later: number }>`
      select (count(*) filter (where audit_after < now() + interval '5 minutes'))::int as soon,
        (count(*) filter (where audit_after > now() + interval '50 minutes'))::int as later from hooks`.execute(http.database.kysely);
    expect(rows[0]?.later).toBe(1);
    expect(rows[0]?.soon).toBe(count - 1);
  });

  test('is soon after the service was away, where nothing has arrived since', async () => {
    await sql`update hooks set audit_after = now() + interval '1 hour', last_delivery_at = now()`.execute(http.database.kysely);
    await sql`update hooks set last_delivery_at = now() - interval '2 hours' where repository_id = ${repositoryId}`.execute(
      http.database.kysely,
    );

    await auditSoon(http.database, new Date(Date.now() - 3_600_000), 0);

    expect((await http.database.transaction((tx) => claimAudits(tx))).length).toBe(1);
  });
});
