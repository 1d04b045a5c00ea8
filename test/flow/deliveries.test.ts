import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { TEST_SERVER_URL } from '#test/support/test-server.ts';
import type { DeliveryAnswer, StoredBodyAnswer } from '#test/support/api-views.ts';
import { context } from '#test/support/content-files.ts';
import { PATIENCE } from '#test/support/patience.ts';
import { openScope } from '#test/support/scope.ts';
import type { Delivery } from '#test/support/signed-delivery.ts';
import { sendDelivery } from '#test/support/signed-delivery.ts';
import { until } from '#test/support/until.ts';
import type { Registered, World } from '#test/support/world.ts';
import { startWorld } from '#test/support/world.ts';

const INBOX = '/api/organizations/default/webhook-deliveries';
const MOST_BODY_BYTES = 26_214_400;

vi.setConfig(PATIENCE);
const scope = openScope();
let world: World;
let repository: Registered;
let hook: { readonly url: string; readonly secret: string };
beforeAll(async () => {
  world = await startWorld(scope, { serverUrl: TEST_SERVER_URL });
  repository = await world.register('inbox', { 'config_contexts/a.json': context('Inbox') });
  hook = await world.rotateHook(repository);
});
afterAll(() => scope.close());

const payload = (): string =>
  JSON.stringify({ ref: 'refs/heads/main', before: '1'.repeat(40), after: '2'.repeat(40), repository: { id: 1, full_name: 'x/y' } });
const send = (delivery: Partial<Delivery> = {}) => sendDelivery({ ...hook, event: 'push', body: payload(), ...delivery });
const stored = async (key: string): Promise<readonly DeliveryAnswer[]> =>
  (await world.api.deliveries(repository.id)).filter(({ delivery_key }) => delivery_key === key);
const untilRouted = (key: string): Promise<DeliveryAnswer> =>
  until(`delivery ${key} to be routed`, async () => (await stored(key)).find(({ routed_at }) => routed_at !== null));

function withoutRequestId(text: string): string {
  return text.replace(/"request_id":"[^"]*"/, '');
}

test('a bad or missing signature is refused as an unknown hook is, and nothing is stored', async () => {
  const keys = [randomUUID(), randomUUID(), randomUUID()] as const;
  const bad = await send({ guid: keys[0], secret: 'not the secret of this hook' });
  const missing = await send({ guid: keys[1], headers: { 'x-hub-signature-256': undefined } });
  const unknown = await send({ guid: keys[2], url: hook.url.replace(/[^/]+$/, randomUUID()) });

  expect([bad.status, missing.status, unknown.status]).toEqual([401, 401, 401]);
  expect(withoutRequestId(bad.text)).toBe(withoutRequestId(unknown.text));
  expect(withoutRequestId(missing.text)).toBe(withoutRequestId(unknown.text));
  for (const key of keys) expect(await stored(key)).toEqual([]);
});

test('the signature is over the bytes as sent: the same JSON with another space is refused', async () => {
  const body = payload();

  const answer = await send({ body: `${body} `, signed: body });

  expect(answer.status).toBe(401);
});

test('a delivery that comes again is answered 200 with the first id and stored once, whatever it says the second time', async () => {
  const guid = randomUUID();

  const first = await send({ guid });
  const again = await send({ guid });
  const changed = await send({ guid, body: '{"ref": "refs/heads/other"}' });

  const { delivery } = first.json as { readonly delivery: string };
  expect([first.status, first.json]).toEqual([202, { delivery, status: 'accepted' }]);
  expect([again.status, again.json]).toEqual([200, { delivery, status: 'duplicate' }]);
  expect([changed.status, changed.json]).toEqual([200, { delivery, status: 'duplicate' }]);
  expect(await stored(guid)).toHaveLength(1);
  expect(Buffer.from((await world.api.get<StoredBodyAnswer>(`${INBOX}/${delivery}/`)).body, 'base64').toString()).toBe(payload());
});

test('the old secret of a rotated hook is taken as well as the new one', async () => {
  const rotated = await world.rotateHook(repository);

  const withOld = await send({ secret: hook.secret });
  const withNew = await send({ secret: rotated.secret });
  hook = rotated;

  expect([withOld.status, withNew.status]).toEqual([202, 202]);
});

test('a replayed delivery is routed again', async () => {
  const { api } = world;
  const guid = randomUUID();
  await send({ guid });
  const before = await untilRouted(guid);

  const replay = await api.post<{ readonly delivery: string }>(`${INBOX}/${before.id}/replay/`);
  const after = await until('the replay to be routed', async () => {
    const [now] = await stored(guid);
    return now !== undefined && now.routed_at !== null && now.routed_at !== before.routed_at ? now : undefined;
  });

  expect(replay).toMatchObject({ delivery: before.id, status: 'accepted' });
  expect(after).toMatchObject({ id: before.id, status: before.status });
});

test.each([
  ['truncated JSON', '{"ref": "refs/hea'],
  ['an empty body', ''],
  ['bytes that are no UTF-8', Buffer.from([0xff, 0xfe, 0x00, 0x80])],
  ['a list', '[]'],
  ['null', 'null'],
  ['JSON of great depth', '['.repeat(100_000)],
  ['an object of a million keys', `{${Array.from({ length: 1_000_000 }, (_, at) => `"k${at}":0`).join()}}`],
])('%s that is signed is stored byte for byte, and marked as not readable', async (_what, body) => {
  const guid = randomUUID();

  const answer = await send({ guid, body });
  const delivery = await untilRouted(guid);

  expect(answer.status).toBe(202);
  expect(delivery).toMatchObject({ status: 'failed', detail: expect.stringMatching(/^Not readable/) });
  const { body: kept } = await world.api.get<StoredBodyAnswer>(`${INBOX}/${delivery.id}/`);
  expect(Buffer.from(kept, 'base64').equals(Buffer.from(body))).toBe(true);
});

test('NUL and half a surrogate pair, which PostgreSQL cannot keep as text, are stored and a sync is asked for', async () => {
  const guid = randomUUID();
  const pushed = await world.forge.push({ repository: repository.fullName, branch: 'main', files: { 'README.md': 'x' }, silent: true });
  const { id } = await world.forge.readRepository(repository.fullName);
  const sent = JSON.parse(payload()) as object;
  const body = JSON.stringify({ ...sent, after: pushed.after, repository: { id, full_name: repository.fullName } }).replace(
    '{',
    String.raw`{"head_commit": {"message": "a\u0000b \ud800"}, `,
  );

  const answer = await send({ guid, body });

  expect(answer.status).toBe(202);
  expect(await untilRouted(guid)).toMatchObject({ status: 'routed' });
  await world.api.untilServes(repository.id, pushed.after);
});

test('events that mean nothing are answered well and say why nothing was done', async () => {
  for (const event of ['star', 'made_up_event', 'issues']) {
    const guid = randomUUID();
    const answer = await send({ guid, event, body: '{"action": "created"}' });
    expect(answer.status).toBe(202);
    expect(await untilRouted(guid)).toMatchObject({ status: 'ignored', detail: expect.stringMatching(/\w/), job_results: [] });
  }
});

test('what is not JSON is refused before the signature is looked at; a charset is fine', async () => {
  const form = await send({ headers: { 'content-type': 'application/x-www-form-urlencoded' } });
  const charset = await send({ headers: { 'content-type': 'application/json; charset=utf-8' } });

  expect([form.status, charset.status]).toEqual([415, 202]);
});

test('the limit of a body is the provider’s own: at it a delivery is stored, one byte over it is refused', async () => {
  const at = Buffer.alloc(MOST_BODY_BYTES, 0x20);

  const over = await send({ body: Buffer.alloc(MOST_BODY_BYTES + 1, 0x20) });
  const fits = await send({ body: at });

  expect([over.status, fits.status]).toEqual([413, 202]);
});

test('a key that is there twice is stored as sent, and read as every parser reads it: the last one counts', async () => {
  const guid = randomUUID();
  const body = payload().replace('{', '{"ref": "refs/heads/other", ');

  const answer = await send({ guid, body });
  const delivery = await untilRouted(guid);

  expect(answer.status).toBe(202);
  expect(delivery).toMatchObject({ status: 'ignored', detail: expect.stringContaining('another repository') });
  const { body: kept } = await world.api.get<StoredBodyAnswer>(`${INBOX}/${delivery.id}/`);
  expect(Buffer.from(kept, 'base64').toString()).toBe(body);
});

test('pushes whose deliveries arrive in the wrong order never take the content back', async () => {
  const { api, forge } = world;
  const { id, full_name } = await forge.readRepository(repository.fullName);
  const pushSilently = async (part: number): Promise<string> => {
    const files = { 'config_contexts/a.json': context('Inbox', { part }) };
    return (await forge.push({ repository: full_name, branch: 'main', files, silent: true })).after;
  };
  const runsBefore = new Set((await api.runs(repository.id)).map((run) => run.id));
  const first = await pushSilently(1);
  const second = await pushSilently(2);
  const deliver = (after: string) =>
    send({ body: JSON.stringify({ ...(JSON.parse(payload()) as object), after, repository: { id, full_name } }) });

  await deliver(second);
  await api.untilServes(repository.id, second);
  await deliver(first);
  await api.untilIdle(repository.id);

  expect(await api.contexts(repository.id)).toMatchObject([{ data: { part: 2 }, commit: second }]);
  const runs = (await api.runs(repository.id)).filter((run) => !runsBefore.has(run.id));
  expect(new Set(runs.map((run) => run.commit))).toEqual(new Set([second]));
});
