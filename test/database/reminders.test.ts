import { sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { pino } from 'pino';
import { checkDue } from '#credentials/checks/check-due.ts';
import { remindOfExpiry } from '#credentials/reminders/remind.ts';
import type { SpawnedForge } from '#test/forge/client.ts';
import { spawnForge } from '#test/forge/client.ts';
import { openTestHttp } from '#test/support/http.ts';
import type { TestHttp } from '#test/support/http.ts';
import { PATIENCE } from '#test/support/patience.ts';

vi.setConfig(PATIENCE);
const TOKENS = '/api/organizations/default/git-tokens/';
const DAY_MS = 86_400_000;

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
beforeEach(async () => {
  await http.database.kysely.deleteFrom('notification_targets').execute();
  await http.database.kysely.updateTable('repositories').set({ credential_id: null }).execute();
  await http.database.kysely.deleteFrom('credentials').execute();
  http.sent.length = 0;
  await addTarget();
});

const signal = new AbortController().signal;
const addTarget = () =>
  http.call('POST', '/api/organizations/default/notification-targets/', {
    body: { name: `hook-${++made}`, kind: 'webhook', url: 'http://127.0.0.1:9/' },
  });
const queue = { send: async () => undefined };
const remind = () => remindOfExpiry({ database: http.database, queue }, signal);
/** Whole days from now, and half of one so that nothing rests on the second. */
const inDays = (days: number): string => new Date(Date.now() + (days - 0.5) * DAY_MS).toISOString();

/** A token of a user who says when it ends, and repositories that use it. */
async function addToken(days: number, repositories = 1) {
  const name = `token-${++made}`;
  const there = await forge.createToken({ kind: 'classic', login: `user-${made}`, scopes: ['repo'] });
  const { body } = await http.call('POST', TOKENS, {
    body: { name, provider: 'github', url: forge.url, token: there.token, expires_at: inDays(days) },
  });
  for (let number = 0; number < repositories; number++) {
    const remote = await forge.createRepository({ owner: 'acme', name: `${name}-${number}`, files: { a: 'x' } });
    await http.call('POST', '/api/extras/git-repositories/', {
      body: { name: `${name}-${number}`, remote_url: remote.clone_url, credential: name },
    });
  }
  return { id: body.id as string, name, there };
}
type Added = Awaited<ReturnType<typeof addToken>>;

/** As if so much time had gone by: the end comes nearer, and stays the same end. */
async function goOn({ id }: Added, days: number): Promise<void> {
  await sql`update credentials set expires_at = expires_at - ${days} * interval '1 day', reminded_of = reminded_of - ${days} * interval '1 day'
    where id = ${id}`.execute(http.database.kysely);
}
const notices = async () => {
  const { results } = (await http.call('GET', '/api/organizations/default/notifications/')).body;
  return results.toReversed() as readonly { readonly event: string; readonly payload: { readonly data: Record<string, unknown> } }[];
};
const days = async () => (await notices()).map(({ event, payload }) => [event, payload.data['days_left']]);

describe('a token that ends', () => {
  test('is told of 30, 14, 7 and 1 days before and when it has, once each, with the repositories that stop', async () => {
    const token = await addToken(31, 2);
    for (const step of [0, 1, 8, 8, 7, 6, 1]) {
      await goOn(token, step);
      await remind();
      await Promise.all([remind(), remind()]);
    }

    expect(await days()).toEqual([
      ['token.expiring', 30],
      ['token.expiring', 14],
      ['token.expiring', 7],
      ['token.expiring', 1],
      ['token.expired', 0],
    ]);
    const [first] = await notices();
    expect(first?.payload.data).toMatchObject({
      token: { id: token.id, name: token.name },
      repositories: [{ name: `${token.name}-0` }, { name: `${token.name}-1` }],
      repositories_count: 2,
    });
  });

  test('is told of once, and not four times, after the service was down', async () => {
    const token = await addToken(40, 0);
    await remind();
    await goOn(token, 38);

    await remind();
    await remind();

    expect(await days()).toEqual([['token.expiring', 2]]);
  });

  test('begins anew with another end', async () => {
    const token = await addToken(5, 0);
    await remind();
    await http.call('PATCH', `${TOKENS}${token.id}/`, { body: { expires_at: inDays(6) } });

    await remind();
    await remind();

    expect(await days()).toEqual([
      ['token.expiring', 5],
      ['token.expiring', 6],
    ]);
  });

  test('waits for somebody who wants to know', async () => {
    await http.database.kysely.deleteFrom('notification_targets').execute();
    await addToken(3, 0);
    await remind();
    await addTarget();

    await remind();

    expect(await days()).toEqual([['token.expiring', 3]]);
  });
});

const check = () => checkDue({ ...http.hooks, queue, log: pino({ level: 'silent' }) }, signal);
const makeDue = ({ id }: Added) =>
  sql`update credentials set verify_after = clock_timestamp() - interval '1 second' where id = ${id}`.execute(http.database.kysely);
const events = async () => (await notices()).map(({ event }) => event);

describe('a token that its provider refuses', () => {
  test('is told of once, also where two find out at once, and once more when it works again', async () => {
    const token = await addToken(60);
    await forge.changeToken(token.there.id, { revoked: true });
    const verify = () => http.call('POST', `${TOKENS}${token.id}/verify/`);

    await Promise.all([verify(), verify()]);
    await makeDue(token);
    await check();
    expect(await events()).toEqual(['token.refused']);
    await forge.changeToken(token.there.id, { revoked: false });
    await Promise.all([verify(), verify()]);

    expect(await events()).toEqual(['token.refused', 'token.resumed']);
  });

  test('is told of as resumed when it is replaced', async () => {
    const token = await addToken(60);
    await forge.changeToken(token.there.id, { revoked: true });
    await makeDue(token);
    await check();
    const other = await forge.createToken({ kind: 'classic', login: 'new', scopes: ['repo'] });

    await http.call('PATCH', `${TOKENS}${token.id}/`, { body: { token: other.token } });

    expect(await events()).toEqual(['token.refused', 'token.resumed']);
  });

  test('is told of by its end alone where it has ended', async () => {
    const token = await addToken(1);
    await goOn(token, 1);
    await forge.changeToken(token.there.id, { revoked: true });
    await makeDue(token);

    await check();
    await remind();
    await remind();

    expect(await events()).toEqual(['token.expired']);
  });
});
