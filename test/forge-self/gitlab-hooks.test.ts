import { createHmac } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { spawnForge, type SpawnedForge } from '#test/forge/client.ts';
import { gitlabApiOf, openReceiver, type Api, type ApiResponse, type Received, type Receiver } from './support.ts';

const SIGNING = 'whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=';
let forge: SpawnedForge;
let receiver: Receiver;
let api: Api;
let count = 0;
let name: string;
let hookId: number;

beforeAll(async () => {
  forge = await spawnForge({ hookTimeoutMs: 500 });
  receiver = await openReceiver();
  api = gitlabApiOf(forge.url, (await forge.createToken({ kind: 'personal', login: 'alice' })).token);
});
afterAll(async () => {
  await forge.stop();
  await receiver.close();
});

/** Every test has a project of its own, with a hook that has both tokens. */
beforeEach(async () => {
  name = `h${++count}`;
  receiver.answer = 200;
  await forge.clearFaults();
  await forge.changeGitlab({ version: '19.1.0-ee', clock_offset_ms: 0 });
  await forge.createRepository({ provider: 'gitlab', owner: 'acme', name, files: { 'a.txt': 'a' } });
  hookId = (await create({ token: 'plain', signing_token: SIGNING })).body.id ?? 0;
});

const create = (hook: object): Promise<ApiResponse> => api('POST', `/projects/acme%2F${name}/hooks`, { url: receiver.url, ...hook });
const hook = (path = ''): string => `/projects/acme%2F${name}/hooks/${hookId}${path}`;
const read = async (): Promise<ApiResponse['body']> => (await api('GET', hook())).body;

async function push(): Promise<readonly Received[]> {
  const before = receiver.received.length;
  await forge.push({ repository: `acme/${name}`, branch: 'main', files: { 'a.txt': String(Math.random()) } });
  await forge.settle();
  return receiver.received.slice(before);
}

describe('a hook', () => {
  test('tells what it listens to and whether it has tokens, and never the tokens', async () => {
    const body = await read();

    expect(body).toMatchObject({
      url: receiver.url,
      push_events: true,
      tag_push_events: false,
      merge_requests_events: false,
      enable_ssl_verification: true,
      alert_status: 'executable',
      disabled_until: null,
      token_present: true,
      signing_token_present: true,
    });
    expect(JSON.stringify([body, await forge.effects()])).not.toMatch(/whsec_|plain/);
  });

  test('of a server before 19.0 has no signing token, whatever was sent', async () => {
    await forge.changeGitlab({ version: '18.11.0-ee' });
    const { status, body } = await create({ token: 'plain', signing_token: SIGNING });
    const [, received] = await push();

    expect(status).toBe(201);
    expect(body).not.toHaveProperty('signing_token_present');
    expect(received?.headers).toMatchObject({
      'x-gitlab-token': 'plain',
      'idempotency-key': expect.any(String),
      'user-agent': 'GitLab/18.11.0-ee',
    });
    expect(Object.keys(received?.headers ?? {}).filter((header) => header.startsWith('webhook-'))).toEqual([]);
  });

  test('may have the address of another one', async () => {
    expect((await create({})).status).toBe(201);
    expect((await api('GET', `/projects/acme%2F${name}/hooks`)).body).toHaveLength(2);
  });

  test('keeps its tokens when it changes, unless its address does', async () => {
    expect((await api('PUT', hook(), { merge_requests_events: true })).body).toMatchObject({
      merge_requests_events: true,
      token_present: true,
      signing_token_present: true,
    });
    expect((await api('PUT', hook(), { url: `${receiver.url}/else` })).body).toMatchObject({
      token_present: false,
      signing_token_present: false,
    });
  });

  test('is gone when it was removed, and then unknown', async () => {
    expect((await api('DELETE', hook())).status).toBe(204);
    expect((await api('DELETE', hook())).body).toEqual({ message: '404 Not found' });
    expect(await push()).toEqual([]);
  });

  test.each([
    [{ url: undefined }, 400, { error: 'url is missing' }],
    [{ url: 'ftp://example.test' }, 422, { error: 'Invalid url given' }],
    [{ signing_token: 'whsec_short' }, 422, { message: { signing_token: ['is invalid'] } }],
    [{ token: 'two\nlines' }, 422, { message: { token: ['is invalid'] } }],
  ])('with %j is refused', async (input, status, body) => {
    const answer = await create(input);

    expect([answer.status, answer.body]).toEqual([status, body]);
  });

  test('to a local address is refused where the server allows none', async () => {
    await forge.changeGitlab({ allow_local_requests: false });
    expect((await create({})).body).toEqual({ error: 'Invalid url given' });
    await forge.changeGitlab({ allow_local_requests: true });
  });
});

describe('a delivery', () => {
  test('has every header, the plain token, and a signature over id, time and the very bytes', async () => {
    const [received] = await push();
    const headers = received?.headers ?? {};
    const signed = Buffer.concat([
      Buffer.from(`${String(headers['webhook-id'])}.${String(headers['webhook-timestamp'])}.`),
      received?.raw ?? Buffer.alloc(0),
    ]);
    const key = Buffer.from(SIGNING.slice('whsec_'.length), 'base64');

    expect(headers).toMatchObject({
      'content-type': 'application/json',
      'user-agent': 'GitLab/19.1.0-ee',
      'x-gitlab-event': 'Push Hook',
      'x-gitlab-token': 'plain',
      'x-gitlab-instance': forge.url,
      'x-gitlab-webhook-uuid': expect.any(String),
      'x-gitlab-event-uuid': expect.any(String),
      'idempotency-key': headers['webhook-id'],
    });
    expect(headers['webhook-signature']).toBe(`v1,${createHmac('sha256', key).update(signed).digest('base64')}`);
  });

  test('of one event has a key of its own at every hook, and the event one for all', async () => {
    await create({});
    const received = await push();
    const values = (header: string): number => new Set(received.map(({ headers }) => headers[header])).size;

    expect(received).toHaveLength(2);
    expect([values('idempotency-key'), values('x-gitlab-event-uuid'), values('x-gitlab-webhook-uuid')]).toEqual([2, 1, 2]);
  });

  test('that is sent again has the same key and bytes, and a time and signature of its own', async () => {
    const [first] = await push();
    const [event] = (await api('GET', hook('/events'))).body as unknown as readonly Record<string, unknown>[];
    await forge.changeGitlab({ clock_offset_ms: 600_000 });

    const answer = await api('POST', hook(`/events/${String(event?.['id'])}/resend`));
    const again = receiver.received.at(-1);

    expect(event).toMatchObject({ trigger: 'push_hooks', response_status: '200', request_headers: { 'X-Gitlab-Token': '[REDACTED]' } });
    expect([answer.status, answer.body]).toEqual([201, { response_status: 200 }]);
    expect(again?.raw).toEqual(first?.raw);
    expect(again?.headers['webhook-id']).toBe(first?.headers['webhook-id']);
    expect(Number(again?.headers['webhook-timestamp'])).toBeGreaterThanOrEqual(Number(first?.headers['webhook-timestamp']) + 600);
    expect(again?.headers['webhook-signature']).not.toBe(first?.headers['webhook-signature']);
  });

  test('can be anything, signed as asked', async () => {
    await forge.deliverRaw({
      hook_id: hookId,
      event: 'Push Hook',
      payload: { object_kind: 'push' },
      timestamp: 1_763_596_800,
      guid: 'f4b1c9a2-7a3d-4a0e-9b43-1f6f6d1f2c11',
    });
    expect(receiver.received.at(-1)?.headers).toMatchObject({ 'webhook-signature': 'v1,sXRS0uVOXdDHQqSpY8wCxvwoozrKebNzJxi0Ma1nfYY=' });
    await forge.deliverRaw({ hook_id: hookId, event: 'Push Hook', signature: 'bad' });
    expect(receiver.received.at(-1)?.headers).toMatchObject({ 'x-gitlab-token': 'plain0' });
    await forge.deliverRaw({
      provider: 'gitlab',
      url: receiver.url,
      event: 'Push Hook',
      signature: 'none',
      headers: { 'webhook-id': null },
    });
    expect(receiver.received.at(-1)?.headers).not.toHaveProperty('webhook-signature');
    expect(receiver.received.at(-1)?.headers).not.toHaveProperty('webhook-id');
  });
});

async function fail(times: number): Promise<void> {
  for (let time = 0; time < times; time++) await api('POST', hook('/test/push_events'));
}

describe('a hook whose receiver fails', () => {
  test('is paused after four failures in a row, and a pause is longer each time', async () => {
    receiver.answer = 500;
    await fail(3);
    expect(await read()).toMatchObject({ alert_status: 'executable' });
    expect(await push()).toHaveLength(1);
    expect(await read()).toMatchObject({ alert_status: 'temporarily_disabled', disabled_until: expect.any(String) });
    expect(await push()).toEqual([]);

    await forge.changeGitlab({ clock_offset_ms: 61_000 });
    expect(await read()).toMatchObject({ alert_status: 'executable', disabled_until: null });
    expect(await push()).toHaveLength(1);
    await forge.changeGitlab({ clock_offset_ms: 61_000 + 90_000 });
    expect(await read()).toMatchObject({ alert_status: 'temporarily_disabled' });
    expect(await push()).toEqual([]);
  });

  test('starts to count anew after a success, whatever kind of failure came before', async () => {
    receiver.answer = 404;
    await fail(3);
    receiver.answer = 202;
    await push();
    receiver.answer = 'never';
    await push();

    expect(await read()).toMatchObject({ alert_status: 'executable' });
  });

  test('is off for good after forty, until a test is answered well', async () => {
    receiver.answer = 500;
    await fail(40);
    await forge.changeGitlab({ clock_offset_ms: 30 * 24 * 60 * 60 * 1000 });
    expect(await read()).toMatchObject({ alert_status: 'disabled' });
    expect(await push()).toEqual([]);

    receiver.answer = 200;
    expect((await api('POST', hook('/test/push_events'))).body).toEqual({ message: '201 Created' });
    expect(await read()).toMatchObject({ alert_status: 'executable' });
    expect(await push()).toHaveLength(1);
  });
});
