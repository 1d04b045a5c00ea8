import { pino } from 'pino';
import { sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { checkDue } from '#credentials/checks/check-due.ts';
import type { RotateDeps } from '#credentials/rotation/rotate.ts';
import { rotateStored } from '#credentials/rotation/rotate.ts';
import { endLost, sweepRotations } from '#credentials/rotation/sweep.ts';
import { openForge, openRemote } from '#repositories/open.ts';
import type { SpawnedForge } from '#test/forge/client.ts';
import { spawnForge } from '#test/forge/client.ts';
import { openTestHttp } from '#test/support/http.ts';
import type { TestHttp } from '#test/support/http.ts';
import { PATIENCE } from '#test/support/patience.ts';

vi.setConfig(PATIENCE);
type NewForgeToken = Parameters<SpawnedForge['createToken']>[0];
const TOKENS = '/api/organizations/default/git-tokens/';
const REPOSITORIES = '/api/extras/git-repositories/';
const ROTATE = '/rotate$';

let http: TestHttp;
let forge: SpawnedForge;
beforeAll(async () => {
  [http, forge] = await Promise.all([openTestHttp(), spawnForge()]);
  const body = { name: 'hook', kind: 'webhook', url: 'http://127.0.0.1:9/' };
  await http.call('POST', '/api/organizations/default/notification-targets/', { body });
});
beforeEach(() => forge.clearFaults());
afterAll(async () => {
  await http.close();
  await forge.stop();
});

let made = 0;
const date = (days: number): string => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);
const deps = (): RotateDeps => ({ ...http.hooks, queue: { send: async () => undefined }, log: pino({ level: 'silent' }) });
const signal = new AbortController().signal;

/** A token at GitLab and here, and a repository that is reached with it. */
async function register(spec: (login: string, repository: string) => NewForgeToken, more: object = {}) {
  const name = `token-${++made}`;
  const remote = await forge.createRepository({ provider: 'gitlab', owner: 'acme', name, files: { a: 'x' } });
  const there = await forge.createToken(spec(`user-${made}`, `acme/${name}`));
  const { body, status } = await http.call('POST', TOKENS, {
    body: { name, provider: 'gitlab', url: forge.url, token: there.token, ...more },
  });
  expect([status, body.state]).toEqual([201, expect.stringMatching(/ok|expiring|insufficient/)]);
  const repository = { name, remote_url: remote.clone_url, credential: name };
  const repositoryId: string = (await http.call('POST', REPOSITORIES, { body: repository })).body.id;
  return { id: body.id as string, name, there, repositoryId, path: `${TOKENS}${body.id}/` };
}
type Registered = Awaited<ReturnType<typeof register>>;
const personal = (login: string): NewForgeToken => ({ kind: 'personal', login, scopes: ['api'], expires_at: date(20) });

const read = async ({ path }: Registered) => (await http.call('GET', path)).body;
const rotate = ({ path }: Registered, body?: object) => http.call('POST', `${path}rotate/`, body === undefined ? {} : { body });
/** Requests to rotate that GitLab has seen, and all that were made of it. */
const rotations = async (): Promise<number> => sum(await forge.requests(), (key) => /^POST .*\/rotate$/.test(key));
const calls = async (): Promise<number> => sum(await forge.requests(), () => true);
const sum = (counts: Readonly<Record<string, number>>, of: (key: string) => boolean): number =>
  Object.entries(counts).reduce((total, [key, count]) => total + (of(key) ? count : 0), 0);
const works = async ({ repositoryId }: Registered) => (await openRemote(http.hooks, repositoryId)).access?.secret;
/** Whether the API takes the token that is stored. */
async function isAlive({ repositoryId }: Registered): Promise<boolean> {
  const opened = await openForge(http.hooks, repositoryId);
  return opened?.api.readRepository(opened.ref, AbortSignal.timeout(60_000)).then(
    () => true,
    () => false,
  ) as Promise<boolean>;
}
const events = async ({ id }: Registered): Promise<readonly string[]> =>
  (await http.call('GET', `/api/organizations/default/notifications/?credential_id=${id}`)).body.results.map(
    ({ event }: { readonly event: string }) => event,
  );

describe('GitLab’s own rotation', () => {
  test.each<[string, (login: string, repository: string) => NewForgeToken]>([
    ['a person’s', personal],
    [
      'a person’s that may no more than rotate itself and read',
      (login) => ({ ...personal(login), scopes: ['self_rotate', 'read_api'] }) as NewForgeToken,
    ],
    ['a project’s', (_login, repository) => ({ kind: 'project', repository, scopes: ['api'], expires_at: date(20) })],
    ['a group’s', () => ({ kind: 'group', group: 'acme', scopes: ['api'], expires_at: date(20) })],
  ])('replaces %s token in one request, and nothing else has to change', async (_name, spec) => {
    const token = await register(spec);
    const before = await rotations();

    const answer = await rotate(token);

    expect([answer.status, answer.body]).toMatchObject([200, { state: 'none', rotated_at: expect.any(String), by_provider: true }]);
    expect((await rotations()) - before).toBe(1);
    expect(await works(token)).not.toBe(token.there.token);
    expect(await isAlive(token)).toBe(true);
    // As long as the one before lasted.
    expect((await read(token)).expires_at).toBe(`${date(20)}T00:00:00.000Z`);
    expect(answer.text + (await http.call('GET', token.path)).text).not.toMatch(/glpat-/);
  });

  test('takes the end that is asked for', async () => {
    const token = await register(personal);

    await rotate(token, { expires_at: date(90) });

    expect((await read(token)).expires_at).toBe(`${date(90)}T00:00:00.000Z`);
  });

  test('is one rotation, however many ask for it at once', async () => {
    const token = await register(personal);
    const before = await rotations();

    const statuses = await Promise.all(Array.from({ length: 6 }, async () => (await rotate(token)).status));

    expect(statuses.filter((status) => status === 200)).toHaveLength(1);
    expect(statuses.filter((status) => status === 409)).toHaveLength(5);
    expect((await rotations()) - before).toBe(1);
    expect(await isAlive(token)).toBe(true);
  });

  test('is refused in words where the token may not, and asks for nothing', async () => {
    const token = await register((login) => ({ kind: 'personal', login, scopes: ['read_api', 'read_repository'] }));
    const before = await rotations();

    const answer = await rotate(token);

    expect([answer.status, answer.body.code]).toEqual([422, 'ROTATION_FAILED']);
    expect(answer.body.detail).toContain('self_rotate');
    expect((await rotations()) - before).toBe(0);
    expect((await read(token)).rotation).toBeNull();
  });

  test.each([400, 403, 405, 429])('that GitLab refuses with %i leaves the token as it was', async (status) => {
    const token = await register(personal);
    await forge.addFault({ match: { path: ROTATE }, action: { kind: 'respond', status, body: { message: 'no' } } });

    const answer = await rotate(token);

    expect([answer.status, answer.body.code]).toEqual([422, 'ROTATION_FAILED']);
    await forge.clearFaults();
    expect(await works(token)).toBe(token.there.token);
    // Until then the API is left alone, as GitLab asked.
    if (status !== 429) expect(await isAlive(token)).toBe(true);
  });

  test('whose way to GitLab is cut before anything was asked leaves the token as it was', async () => {
    const token = await register(personal);
    await forge.addFault({ match: { path: 'self$' }, action: { kind: 'drop' } });
    const before = await rotations();

    expect((await rotate(token)).status).toBe(422);

    await forge.clearFaults();
    expect([(await rotations()) - before, await isAlive(token)]).toEqual([0, true]);
  });
});

/** What is cut off: nobody here can tell these apart, so all of them end alike. */
const CUTS = [
  ['after GitLab rotated, without an answer', { kind: 'truncate', bytes: 0, afterwards: 'close' }],
  ['after GitLab rotated, in the middle of the answer', { kind: 'truncate', bytes: 40, afterwards: 'close' }],
  ['after GitLab rotated, by a proxy that answers 502', { kind: 'fail-after-effect', status: 502 }],
  ['before GitLab rotated', { kind: 'drop' }],
  ['before GitLab rotated, by a proxy that answers 504', { kind: 'respond', status: 504, body: {} }],
] as const;

describe.each(CUTS)('a rotation that is cut off %s', (_name, action) => {
  async function cut(): Promise<Registered> {
    const token = await register(personal);
    await forge.addFault({ match: { path: ROTATE, method: 'POST' }, action });
    const answer = await rotate(token);
    expect([answer.status, answer.body.code]).toEqual([409, 'ROTATION_UNKNOWN']);
    await forge.clearFaults();
    return token;
  }

  test('is not tried again by anybody, and no call at all is made with the old token', async () => {
    const token = await cut();
    await sql`update repositories set operational_state = 'error-cred', operational_since = clock_timestamp() where id = ${token.repositoryId}`.execute(
      http.database.kysely,
    );
    await sql`update credentials set verify_after = clock_timestamp() - interval '1 day', rotate_before_days = 60 where id = ${token.id}`.execute(
      http.database.kysely,
    );
    const [before, asked] = [await calls(), await rotations()];

    await checkDue(deps() as never, signal);
    await sweepRotations(deps(), signal);
    await expect(openRemote(http.hooks, token.repositoryId)).rejects.toMatchObject({ code: 'ROTATION_UNKNOWN' });
    await expect(openForge(http.hooks, token.repositoryId)).rejects.toMatchObject({ code: 'ROTATION_UNKNOWN' });
    const again = await rotate(token);

    expect([again.status, again.body.code]).toEqual([409, 'ROTATION_UNKNOWN']);
    expect([await calls(), await rotations()]).toEqual([before, asked]);
    expect(await read(token)).toMatchObject({ state: 'unverified', reason: 'rotation_unknown', rotation: { state: 'unknown' } });
    expect(await events(token)).toEqual(['token.rotation_unknown']);
  });

  test('is over when a person enters a new token, and everything goes on', async () => {
    const token = await cut();
    const other = await forge.createToken(personal(`person-${made}`));

    const answer = await http.call('PATCH', token.path, { body: { token: other.token } });

    expect([answer.status, answer.body.state, answer.body.rotation]).toEqual([200, expect.stringMatching(/ok|expiring/), null]);
    expect([await works(token), await isAlive(token)]).toEqual([other.token, true]);
    expect(await events(token)).toEqual(['token.resumed', 'token.rotation_unknown']);
  });

  test('is settled by one harmless look when a person asks for it', async () => {
    const token = await cut();
    const before = await rotations();

    const { body } = await http.call('POST', `${token.path}verify/`);

    const rotated = _name.startsWith('after');
    expect(body).toMatchObject({ rotation: null, state: rotated ? 'revoked' : expect.stringMatching(/ok|expiring/) });
    expect((await rotations()) - before).toBe(0);
    if (!rotated) expect(await isAlive(token)).toBe(true);
  });
});

/** As a process leaves it that was killed four minutes ago. */
const put = (id: string, state: string) =>
  sql`update credentials set rotation_state = ${state}, rotation_id = gen_random_uuid(), rotation_since = clock_timestamp() - interval '4 minutes'
    where id = ${id}`.execute(http.database.kysely);

describe('a process that is killed while it rotates', () => {
  test('before it sent anything leaves the token as it was', async () => {
    const token = await register(personal);
    await put(token.id, 'preparing');

    await sweepRotations(deps(), signal);

    expect((await read(token)).rotation).toBeNull();
    expect(await isAlive(token)).toBe(true);
    expect(await events(token)).toEqual([]);
  });

  test('after it sent the request leaves it unknown, told once by whichever process finds it', async () => {
    const token = await register(personal);
    await put(token.id, 'sending');

    await Promise.all([sweepRotations(deps(), signal), sweepRotations(deps(), signal)]);

    expect((await read(token)).reason).toBe('rotation_unknown');
    expect(await events(token)).toEqual(['token.rotation_unknown']);
  });

  test('only seemingly, and whose answer comes late, loses nothing', async () => {
    const token = await register(personal);
    const hang = await forge.addFault({ match: { path: ROTATE }, action: { kind: 'delay', ms: 3_000 } });
    const rotating = rotateStored(deps(), token.id, {});
    await vi.waitUntil(async () => (await read(token)).rotation?.state === 'sending', { timeout: 60_000 });
    await endLost(deps(), 0);
    expect((await read(token)).reason).toBe('rotation_unknown');

    await rotating;
    await forge.clearFaults(hang);

    expect(await read(token)).toMatchObject({ state: expect.stringMatching(/ok|expiring/), rotation: null });
    expect(await isAlive(token)).toBe(true);
  });

  test('does not overwrite what a person has entered meanwhile', async () => {
    const token = await register(personal);
    await forge.addFault({ match: { path: ROTATE }, action: { kind: 'delay', ms: 3_000 } });
    const rotating = rotateStored(deps(), token.id, {});
    await vi.waitUntil(async () => (await read(token)).rotation?.state === 'sending', { timeout: 60_000 });
    const other = await forge.createToken(personal(`other-${made}`));
    expect((await http.call('PATCH', token.path, { body: { token: other.token } })).body.code).toBe('ROTATION_RUNNING');
    await endLost(deps(), 0);
    expect((await http.call('PATCH', token.path, { body: { token: other.token } })).status).toBe(200);

    await rotating;

    expect(await works(token)).toBe(other.token);
  });
});

test('the forge revokes the whole family of a token that is rotated a second time, as GitLab does', async () => {
  const old = await forge.createToken(personal('family'));
  const post = (secret: string) =>
    fetch(`${forge.url}/api/v4/personal_access_tokens/self/rotate`, { method: 'POST', headers: { 'private-token': secret } });
  const { token: newer } = (await (await post(old.token)).json()) as { readonly token: string };
  const alive = async () =>
    (await fetch(`${forge.url}/api/v4/personal_access_tokens/self`, { headers: { 'private-token': newer } })).status;
  expect(await alive()).toBe(200);

  expect((await post(old.token)).status).toBe(401);

  expect(await alive()).toBe(401);
});

describe('a token that is to be rotated by itself', () => {
  test('is rotated so many days before its end, once, and told of', async () => {
    const token = await register((login) => ({ kind: 'personal', login, scopes: ['api'], expires_at: date(5) }), { rotate_before_days: 7 });
    const before = await rotations();

    await Promise.all([sweepRotations(deps(), signal), sweepRotations(deps(), signal)]);
    await sweepRotations(deps(), signal);

    expect((await rotations()) - before).toBe(1);
    // Not so that it would be rotated again tomorrow.
    expect((await read(token)).expires_at).toBe(`${date(14)}T00:00:00.000Z`);
    expect(await events(token)).toContain('token.rotated');
    expect(await isAlive(token)).toBe(true);
  });

  test('is left alone before', async () => {
    await register((login) => ({ kind: 'personal', login, scopes: ['api'], expires_at: date(9) }), { rotate_before_days: 7 });
    const before = await rotations();

    await sweepRotations(deps(), signal);

    expect((await rotations()) - before).toBe(0);
  });

  test('and may not is told of once for its end', async () => {
    const token = await register((login) => ({ kind: 'personal', login, scopes: ['read_api', 'read_repository'], expires_at: date(5) }), {
      rotate_before_days: 7,
    });
    await sweepRotations(deps(), signal);
    await sql`update credentials set rotate_after = null where id = ${token.id}`.execute(http.database.kysely);
    await sweepRotations(deps(), signal);

    expect(await events(token)).toEqual(['token.rotation_failed']);
  });

  test.each([0, 91, 1.5])('not %d days before', async (days) => {
    const answer = await http.call('POST', TOKENS, {
      body: { name: 'days', provider: 'gitlab', url: forge.url, token: 'glpat-x', rotate_before_days: days },
    });
    expect([answer.status, Object.keys(answer.body)]).toEqual([400, expect.arrayContaining(['rotate_before_days'])]);
  });
});
