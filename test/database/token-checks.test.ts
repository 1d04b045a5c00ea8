import { pino } from 'pino';
import { sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { checkDue } from '#credentials/checks/check-due.ts';
import { openForge, openRemote } from '#repositories/open.ts';
import { createRecordingQueue } from '#test/support/recording-queue.ts';
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
});
beforeEach(() => forge.clearFaults());
afterAll(async () => {
  await http.close();
  await forge.stop();
});

const LIST = '/api/organizations/default/git-tokens/';
let made = 0;

/** A token that is saved, and a repository that uses it. */
async function register() {
  const name = `net-${++made}`;
  const there = await forge.createToken({ kind: 'classic', login: `user-${made}`, scopes: ['repo'] });
  const remote = await forge.createRepository({ owner: 'acme', name, files: { a: 'x' } });
  const body = { name, provider: 'github', url: forge.url, token: there.token };
  const { id } = (await http.call('POST', LIST, { body })).body as { readonly id: string };
  const repository = { name, remote_url: remote.clone_url, credential: name };
  const repositoryId = (await http.call('POST', '/api/extras/git-repositories/', { body: repository })).body.id as string;
  return { id, repositoryId, there, name, path: `${LIST}${id}/` };
}
type Registered = Awaited<ReturnType<typeof register>>;

const queue = createRecordingQueue();
const check = (signal = new AbortController().signal) => checkDue({ ...http.hooks, queue, log: pino({ level: 'silent' }) }, signal);
const read = async ({ path }: Registered) => (await http.call('GET', path)).body;
const makeDue = ({ id }: Registered) =>
  sql`update credentials set verify_after = clock_timestamp() - interval '1 second' where id = ${id}`.execute(http.database.kysely);
/** As time has gone by since the last check. */
const age = ({ id }: Registered, minutes: number) =>
  sql`update credentials set checked_at = checked_at - ${minutes} * interval '1 minute' where id = ${id}`.execute(http.database.kysely);
const refuseRepository = ({ repositoryId }: Registered) =>
  sql`update repositories set operational_state = 'error-cred', operational_since = clock_timestamp() where id = ${repositoryId}`.execute(
    http.database.kysely,
  );
const nextInHours = async ({ id }: Registered): Promise<number> => {
  const { rows } = await sql<{ readonly hours: number }>`
    select extract(epoch from verify_after - clock_timestamp())::float8 / 3600 as hours from credentials where id = ${id}`.execute(
    http.database.kysely,
  );
  return rows[0]?.hours ?? Number.NaN;
};
const count = async () => Object.values(await forge.requests()).reduce((sum, one) => sum + one, 0);
/** Every call that the forge has seen of the API, and of Git. */
async function callsOf(work: () => Promise<unknown>): Promise<number> {
  const before = await count();
  await work();
  return (await count()) - before;
}

describe('a token that is saved', () => {
  test('is asked about again after a day, and not before', async () => {
    const token = await register();

    expect(await callsOf(check)).toBe(0);
    expect(await nextInHours(token)).toBeGreaterThan(20);
    expect(await nextInHours(token)).toBeLessThanOrEqual(24);
  });

  test('is asked about once by two processes', async () => {
    const token = await register();
    await makeDue(token);

    expect(await callsOf(() => Promise.all([check(), check()]))).toBe(2);
    expect(await nextInHours(token)).toBeGreaterThan(20);
  });

  test('is asked about within the hour where the provider was away, and what is known stays', async () => {
    const token = await register();
    const before = await read(token);
    await makeDue(token);
    await forge.addFault({ action: { kind: 'drop' } });

    await check();

    expect(await nextInHours(token)).toBeLessThanOrEqual(1);
    expect(await read(token)).toEqual({ ...before, checked_at: expect.any(String) });
  });

  test('whose check is broken off is asked about by whoever comes next', async () => {
    const token = await register();
    await makeDue(token);
    await forge.changeToken(token.there.id, { scopes: [] });
    await forge.addFault({ action: { kind: 'hang' } });
    const stopping = new AbortController();

    const broken = check(stopping.signal);
    await vi.waitUntil(async () => (await nextInHours(token)) > 0, { timeout: 60_000 });
    stopping.abort();
    await broken;
    await forge.clearFaults();
    expect((await read(token)).state).toBe('ok');
    await makeDue(token);
    await check();

    expect((await read(token)).state).toBe('insufficient');
  });

  test('whose secret was replaced meanwhile keeps what is known of the new one', async () => {
    const token = await register();
    const newer = await forge.createToken({ kind: 'classic', login: 'newer', scopes: ['repo'] });
    await makeDue(token);
    const hang = await forge.addFault({ match: { login: token.there.login }, action: { kind: 'hang' } });
    const checking = check();
    await vi.waitUntil(async () => (await nextInHours(token)) > 0, { timeout: 60_000 });

    await http.call('PATCH', token.path, { body: { token: newer.token } });
    await forge.changeToken(token.there.id, { scopes: [] });
    await forge.clearFaults(hang);
    await checking;

    expect(await read(token)).toMatchObject({ state: 'ok', login: 'newer' });
  });
});

describe('a token that is refused in use', () => {
  test('is asked about when a repository could not be reached with it, once', async () => {
    const token = await register();
    await forge.changeToken(token.there.id, { revoked: true });
    await refuseRepository(token);

    expect(await callsOf(check)).toBe(1);
    expect(await callsOf(check)).toBe(0);
    expect(await read(token)).toMatchObject({ state: 'revoked', reason: 'bad_credentials' });
  });

  test('is asked about once where it turns out to be good, however long the repository cannot be reached', async () => {
    const token = await register();
    await refuseRepository(token);

    expect(await callsOf(check)).toBe(2);
    expect(await callsOf(check)).toBe(0);
    expect((await read(token)).state).toBe('ok');
  });

  test('is asked about once, however many calls of the API are refused', async () => {
    const token = await register();
    await forge.changeToken(token.there.id, { revoked: true });
    await age(token, 2);

    for (let call = 0; call < 5; call++) {
      const opened = await openForge(http.hooks, token.repositoryId);
      await expect(opened?.api.readRepository(opened.ref, AbortSignal.timeout(60_000))).rejects.toMatchObject({ code: 'AUTH_FAILED' });
    }

    expect(await callsOf(check)).toBe(1);
    expect(await callsOf(check)).toBe(0);
    expect((await read(token)).state).toBe('revoked');
  });

  test('is not asked about for a permission more than once an hour', async () => {
    const token = await register();
    await forge.addFault({
      match: { path: '/hooks', login: token.there.login },
      action: { kind: 'respond', status: 403, body: { message: 'no' } },
    });
    const list = async () => {
      const opened = await openForge(http.hooks, token.repositoryId);
      await opened?.api.hooks?.list(opened.ref, AbortSignal.timeout(60_000)).catch(() => undefined);
    };
    await list();
    const soon = await callsOf(check);
    await age(token, 61);
    await list();

    expect([soon, await callsOf(check)]).toEqual([0, 2]);
  });

  test('is not used by anybody any more: no call is made with it, and the reason is said', async () => {
    const token = await register();
    await forge.changeToken(token.there.id, { revoked: true });
    await http.call('POST', `${token.path}verify/`);

    const calls = await callsOf(async () => {
      const refused = { code: 'AUTH_REVOKED', message: expect.stringContaining(`The token "${token.name}" is not used`) };
      await expect(openRemote(http.hooks, token.repositoryId)).rejects.toMatchObject(refused);
      await expect(openForge(http.hooks, token.repositoryId)).rejects.toMatchObject(refused);
    });

    expect(calls).toBe(0);
  });

  test('shows at the repository', async () => {
    const token = await register();
    await forge.changeToken(token.there.id, { scopes: ['repo:status'] });
    await http.call('POST', `${token.path}verify/`);

    const { credential } = (await http.call('GET', `/api/extras/git-repositories/${token.repositoryId}/`)).body;

    expect(credential).toMatchObject({ name: token.name, state: 'insufficient', detail: expect.stringContaining('Lacks repo') });
  });
});

const askedFor = (sent: readonly { readonly name: string; readonly payload: unknown }[], { repositoryId }: Registered) =>
  sent.filter(({ name, payload }) => name === 'sync-repository' && JSON.stringify(payload).includes(repositoryId)).length;

async function stop(): Promise<Registered> {
  const token = await register();
  await forge.changeToken(token.there.id, { revoked: true });
  await http.call('POST', `${token.path}verify/`);
  await refuseRepository(token);
  // Its first sync, which was asked for when it was registered, is over.
  await sql`update repositories set pending_job_result_id = null, seen = wanted where id = ${token.repositoryId}`.execute(
    http.database.kysely,
  );
  return token;
}

describe('what a refused token has stopped', () => {
  test('goes on when the token is replaced by a good one', async () => {
    const token = await stop();
    const before = askedFor(http.sent, token);
    const { token: secret } = await forge.createToken({ kind: 'classic', login: 'newest', scopes: ['repo'] });

    await http.call('PATCH', token.path, { body: { token: secret } });

    expect(askedFor(http.sent, token)).toBe(before + 1);
    await expect(openRemote(http.hooks, token.repositoryId)).resolves.toMatchObject({ access: { secret } });
  });

  test('goes on when the provider takes the token again', async () => {
    const token = await stop();
    await forge.changeToken(token.there.id, { revoked: false });
    await makeDue(token);

    await check();

    expect(askedFor(queue.sent, token)).toBe(1);
    expect((await read(token)).state).toBe('ok');
  });

  test('does not go on by itself where a person wants to see to it', async () => {
    const token = await stop();
    await http.call('PATCH', `/api/extras/git-repositories/${token.repositoryId}/`, { body: { update_policy: 'manual' } });
    await refuseRepository(token);
    const before = askedFor(http.sent, token);
    const { token: secret } = await forge.createToken({ kind: 'classic', login: 'last', scopes: ['repo'] });

    await http.call('PATCH', token.path, { body: { token: secret } });

    expect(askedFor(http.sent, token)).toBe(before);
  });
});
