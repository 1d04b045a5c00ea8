import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { runRepairs } from '#hooks/repairs/run.ts';
import { auditMoved, noteRefused, updateHook } from '#hooks/store.ts';
import { noteHooksSeen } from '#inbox/store.ts';
import type { SpawnedForge } from '#test/forge/client.ts';
import { spawnForge } from '#test/forge/client.ts';
import { PUBLIC_URL, openTestHttp } from '#test/support/http.ts';
import type { TestHttp } from '#test/support/http.ts';
import { seedOrganization } from '#test/support/seed.ts';

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

let token: { readonly id: number; readonly token: string };
let repositoryId: string;
let fullName: string;
let hookId: string;
let count = 0;
beforeEach(async () => {
  count += 1;
  token = await forge.createToken({ kind: 'classic', login: 'ana', scopes: ['repo', 'admin:repo_hook'] });
  const remote = await forge.createRepository({ owner: 'acme', name: `repo-${count}`, files: { 'README.md': 'x' } });
  fullName = remote.full_name;
  // Nothing is sent to the address of the service, which is nobody's.
  await forge.addFault({ target: 'delivery', match: {}, action: { kind: 'drop' } });
  const credential = { name: `forge-${count}`, provider: 'github', url: forge.url, token: token.token };
  await http.call('POST', '/api/organizations/default/git-tokens/', { body: credential });
  const body = { name: `repo-${count}`, remote_url: remote.clone_url, credential: credential.name };
  repositoryId = (await http.call('POST', '/api/extras/git-repositories/', { body })).body.id;
  hookId = (await http.call('POST', path())).body.id;
});

const path = (action = '') => `/api/extras/git-repositories/${repositoryId}/webhook/${action}`;
const ask = async (action: string, body?: object) => (await http.call('POST', path(action), body === undefined ? {} : { body })).body;
const faultsOf = ({ problems }: { readonly problems: readonly { readonly what: string }[] }) => problems.map(({ what }) => what);
/** What an owner does at the provider. */
async function atProvider(method: string, where: string, body?: object): Promise<unknown> {
  const answer = await fetch(`${forge.url}/api/v3/repos/${fullName}/hooks${where}`, {
    method,
    headers: { authorization: `token ${token.token}`, 'user-agent': 'an owner' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  if (!answer.ok) throw new Error(`${answer.status} ${await answer.text()}`);
  return answer.status === 204 ? undefined : answer.json();
}
const remoteId = async () =>
  (await http.database.kysely.selectFrom('hooks').select('remote_id').where('id', '=', hookId).executeTakeFirstOrThrow()).remote_id;
const listed = z.array(z.looseObject({ config: z.looseObject({ url: z.string() }) }));
const hooksAtProvider = async () => listed.parse(await atProvider('GET', ''));

const URL_ELSEWHERE = 'https://elsewhere.example.com/webhooks/github/';
const FAULTS: readonly (readonly [string, string, object, readonly string[]])[] = [
  ['was switched off', '', { active: false }, ['inactive']],
  ['sends less than is wanted', '', { events: ['push'] }, ['events']],
  ['sends forms', '/config', { content_type: 'form' }, ['content-type']],
  ['is sent to unchecked certificates', '/config', { insecure_ssl: '1' }, ['tls']],
  ['has another address', '/config', { url: 'https://elsewhere.example.com/hook' }, ['url']],
  [
    'has lost everything',
    '',
    { active: false, events: ['issues'], config: { url: 'https://elsewhere.example.com/' } },
    ['url', 'inactive', 'events', 'content-type', 'secret'],
  ],
];

describe('a hook that', () => {
  test('is as it should be is said to be active, with when that was found and since when it is so', async () => {
    const checked = await ask('check/');

    expect(checked).toMatchObject({ id: hookId, status: 'active', reason: null, problems: [], checked_at: expect.any(String) });
    expect(checked).not.toHaveProperty('secret');
  });

  test.each(FAULTS)(
    '%s is said so part by part, changed by a look or a dry run in nothing, and mended by a repair',
    async (_what, where, change, faults) => {
      await atProvider('PATCH', `/${await remoteId()}${where}`, change);
      const before = await hooksAtProvider();

      const checked = await ask('check/');
      const dry = await ask('repair/', { dry_run: true });
      const untouched = await hooksAtProvider();
      const repaired = await ask('repair/');

      expect([checked.status, dry.status]).toEqual(['misconfigured', 'misconfigured']);
      expect([faultsOf(checked), faultsOf({ problems: dry.changes })]).toEqual([faults, faults]);
      expect(checked.reason).toBe(checked.problems.map(({ detail }: { readonly detail: string }) => detail).join(' '));
      expect(untouched).toEqual(before);
      expect(dry).toMatchObject({ dry_run: true, failure: null });
      expect(repaired).toMatchObject({ status: 'active', reason: null, problems: [], dry_run: false, failure: null });
      expect(await ask('check/')).toMatchObject({ status: 'active', problems: [] });
    },
  );

  test('was removed at the provider is absent, and made again', async () => {
    await atProvider('DELETE', `/${await remoteId()}`);

    const checked = await ask('check/');
    const repaired = await ask('repair/');

    expect([checked.status, faultsOf(checked)]).toEqual(['misconfigured', ['absent']]);
    expect(repaired).toMatchObject({ status: 'active', changes: [{ what: 'absent', change: 'Create the webhook.' }] });
    expect(await hooksAtProvider()).toHaveLength(1);
  });

  test('was told the address that the service had before is found by its own id', async () => {
    await atProvider('PATCH', `/${await remoteId()}/config`, { url: `${URL_ELSEWHERE}${hookId}` });
    await updateHook(http.database, hookId, { remote_id: null });

    const checked = await ask('check/');
    const repaired = await ask('repair/');

    expect([checked.status, faultsOf(checked)]).toEqual(['misconfigured', ['url']]);
    expect(repaired.status).toBe('active');
    expect((await hooksAtProvider()).map(({ config }) => config.url)).toEqual([`${PUBLIC_URL}/webhooks/github/${hookId}`]);
  });

  test('is not the only one that delivers here is said so; those of nobody are removed, those of others never', async () => {
    const nobodys = `${PUBLIC_URL}/webhooks/github/${randomUUID()}`;
    const [mine, old, foreign] = [`${URL_ELSEWHERE}${hookId}`, nobodys, 'https://ci.example.com/webhooks/github/x'];
    for (const url of [mine, old, foreign]) await atProvider('POST', '', { name: 'web', config: { url, content_type: 'json' } });

    const checked = await ask('check/');
    const repaired = await ask('repair/');

    expect([checked.status, faultsOf(checked)]).toEqual(['misconfigured', ['duplicate', 'duplicate']]);
    expect(repaired.status).toBe('active');
    expect((await hooksAtProvider()).map(({ config }) => config.url)).toEqual([`${PUBLIC_URL}/webhooks/github/${hookId}`, foreign]);
  });

  test('belongs to another repository of this installation with the same remote is left to it', async () => {
    const { body: first } = await http.call('GET', `/api/extras/git-repositories/${repositoryId}/`);
    const again = { name: `part-${count}`, remote_url: first.remote_url, credential: first.credential.name, path_prefix: 'part' };
    const second = (await http.call('POST', '/api/extras/git-repositories/', { body: again })).body.id;
    await http.call('POST', `/api/extras/git-repositories/${second}/webhook/`);

    expect(await ask('repair/')).toMatchObject({ status: 'active', changes: [] });
    expect(await hooksAtProvider()).toHaveLength(2);
  });

  test('looks well and delivers nothing that was found otherwise is suppressed, until a repair counts anew', async () => {
    await updateHook(http.database, hookId, { missed_count: 2, missed_total: 5 });

    const checked = await ask('check/');
    const repaired = await ask('repair/');

    expect(checked).toMatchObject({ status: 'misconfigured', problems: [{ what: 'suppressed' }], missed: { count: 2, total: 5 } });
    expect(checked.reason).toContain('2 changes in a row were found at the remote that no delivery told of');
    expect(repaired).toMatchObject({ status: 'active', missed: { count: 0, total: 5 } });
  });

  test('delivers what is signed with another secret is told the right one again', async () => {
    await updateHook(http.database, hookId, { refused_count: 3, refused_at: new Date() });

    const checked = await ask('check/');
    const repaired = await ask('repair/');

    expect(checked).toMatchObject({ status: 'misconfigured', problems: [{ what: 'secret' }], refused: { count: 3 } });
    expect(repaired).toMatchObject({ status: 'active', refused: { count: 0 } });
  });

  test('may not be looked at any more cannot be verified, with why and what to enter by hand', async () => {
    await forge.changeToken(token.id, { scopes: [] });

    const [checked, dry, repaired] = [await ask('check/'), await ask('repair/', { dry_run: true }), await ask('repair/')];

    for (const answer of [checked, dry, repaired])
      expect(answer).toMatchObject({ status: 'unable_to_verify', reason: expect.stringContaining('by hand at the provider') });
    expect(repaired).toMatchObject({ changes: [], failure: { code: 'PERM_MISSING' } });
  });
});

test('repositories are found by the status of their webhook, which keeps its time while it stays the same', async () => {
  await atProvider('PATCH', `/${await remoteId()}`, { active: false });
  const first = await ask('check/');
  const second = await ask('check/');

  const wrong = await http.call('GET', '/api/extras/git-repositories/?webhook_status=misconfigured');
  const right = await http.call('GET', '/api/extras/git-repositories/?webhook_status=active');

  expect(second.since).toBe(first.since);
  expect(wrong.body).toMatchObject({ count: 1, results: [{ id: repositoryId, webhook: { status: 'misconfigured', since: first.since } }] });
  expect(right.body.results.map(({ id }: { readonly id: string }) => id)).not.toContain(repositoryId);
});

const repairs = (query: string) => http.call('POST', `/api/extras/git-repositories/webhook-repairs/${query}`);
const runBatch = () => runRepairs(http.hooks, lastBatch(), AbortSignal.timeout(60_000), 0);
const lastBatch = () => {
  const sent = http.sent.findLast(({ name }) => name === 'repair-hooks');
  return z.object({ batchId: z.string() }).parse(sent?.payload);
};

describe('a repair of many', () => {
  test('mends what the filter finds and nothing else, says how far it is, and goes on where it was', async () => {
    await atProvider('PATCH', `/${await remoteId()}`, { active: false });
    await ask('check/');

    const { status, body } = await repairs(`?name=repo-${count}&webhook_status=misconfigured`);
    const interrupted = AbortSignal.abort();
    await expect(runRepairs(http.hooks, lastBatch(), interrupted, 0)).rejects.toThrow();
    const before = await http.call('GET', new URL(body.url).pathname);
    await runBatch();
    await runBatch();
    const after = await http.call('GET', new URL(body.url).pathname);

    expect([status, body]).toMatchObject([202, { total: 1, waiting: 1, done: false }]);
    expect(before.body).toMatchObject({ id: body.id, total: 1, waiting: 1, done: false });
    expect(after.body).toMatchObject({ total: 1, waiting: 0, repaired: 1, unchanged: 0, failed: 0, done: true });
    expect((await http.call('GET', path())).body).toMatchObject({ status: 'active' });
  });

  test('goes on past what it cannot mend, and says so of it', async () => {
    await forge.changeToken(token.id, { scopes: [] });

    const { body } = await repairs(`?name__isw=repo-${count}`);
    await runBatch();

    expect((await http.call('GET', new URL(body.url).pathname)).body).toMatchObject({ total: 1, failed: 1, done: true });
    expect((await http.call('GET', path())).body).toMatchObject({ status: 'unable_to_verify' });
  });

  test('is of one organization, and nobody else’s', async () => {
    const { body } = await repairs(`?name=repo-${count}`);
    const other = await seedOrganization(http.database, 'others');
    const token2 = await http.tokenOf('owner', other.organizationId);

    const shown = await http.call('GET', new URL(body.url).pathname, { token: token2 });
    const tried = await http.call('POST', `/api/extras/git-repositories/webhook-repairs/?name=repo-${count}`, { token: token2 });

    expect(shown.status).toBe(404);
    expect(tried.body).toMatchObject({ total: 0, done: true });
    expect((await repairs('?nonsense=1')).status).toBe(400);
  });
});

test('a hook that was told another address than the service has now is looked after soon, and no other', async () => {
  await sql`update hooks set audit_after = now() + interval '1 hour'`.execute(http.database.kysely);
  await updateHook(http.database, hookId, { told_url: `${URL_ELSEWHERE}${hookId}` });

  await auditMoved(http.database, PUBLIC_URL, 0);

  const due = await sql<{ id: string }>`select id from hooks where audit_after <= clock_timestamp()`.execute(http.database.kysely);
  expect(due.rows).toEqual([{ id: hookId }]);
});

test('refused deliveries of many hooks are counted at once, and forgotten with the next good one', async () => {
  const counts = () => sql<{ refused_count: number }>`select refused_count from hooks where id = ${hookId}`.execute(http.database.kysely);
  await noteRefused(
    http.database,
    new Map([
      [hookId, 2],
      [randomUUID(), 5],
    ]),
  );
  await noteRefused(http.database, new Map([[hookId, 3]]));
  const before = await counts();

  await http.database.transaction((tx) => noteHooksSeen(tx, new Map([[hookId, { removed: false }]])));

  expect(before.rows).toEqual([{ refused_count: 5 }]);
  expect((await counts()).rows).toEqual([{ refused_count: 0 }]);
});

test('a delivery takes back what it disproves, and leaves what it does not', async () => {
  const problems = [
    { what: 'inactive', detail: 'off' },
    { what: 'events', detail: 'too few' },
  ];
  await updateHook(http.database, hookId, { status: 'misconfigured', status_detail: 'x', problems: JSON.stringify(problems) });
  await http.database.transaction((tx) => noteHooksSeen(tx, new Map([[hookId, { removed: false }]])));
  const half = (await http.call('GET', path())).body;

  await updateHook(http.database, hookId, { problems: JSON.stringify(problems.slice(0, 1)) });
  await http.database.transaction((tx) => noteHooksSeen(tx, new Map([[hookId, { removed: false }]])));
  const whole = (await http.call('GET', path())).body;

  expect(half).toMatchObject({ status: 'misconfigured', problems: [{ what: 'events' }] });
  expect(whole).toMatchObject({ status: 'active', reason: null, problems: [] });
});
