import { createHmac } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { spawnForge, type SpawnedForge } from '#test/forge/client.ts';
import { apiOf, openReceiver, type Api, type Receiver } from './support.ts';

const SECRET = "It's a Secret to Everybody";
let forge: SpawnedForge;
let receiver: Receiver;
let api: Api;
let count = 0;
let name: string;
let hookId: number;

beforeAll(async () => {
  forge = await spawnForge({ hookTimeoutMs: 500 });
  receiver = await openReceiver();
  const { token } = await forge.createToken({ kind: 'classic', login: 'alice', scopes: ['repo'] });
  api = apiOf(forge.url, token);
});
afterAll(async () => {
  await forge.stop();
  await receiver.close();
});

/** Every test has a repository of its own, with a hook that was pinged and is otherwise unused. */
beforeEach(async () => {
  name = `r${++count}`;
  receiver.answer = 200;
  await forge.clearFaults();
  await forge.createRepository({ owner: 'acme', name, files: { 'a.txt': 'a' } });
  hookId = await addHook({ content_type: 'json', secret: SECRET }, ['push', 'pull_request']);
});

async function addHook(config: Record<string, string>, events: readonly string[]): Promise<number> {
  const made = await api('POST', `/repos/acme/${name}/hooks`, { events, config: { url: receiver.url, ...config } });
  await forge.settle();
  return made.body.id ?? 0;
}

function addAt(index: number): ReturnType<Api> {
  return api('POST', `/repos/acme/${name}/hooks`, { config: { url: `http://127.0.0.1:9/${index}` } });
}

const hook = (path = ''): string => `/repos/acme/${name}/hooks/${hookId}${path}`;
const repository = (): string => `acme/${name}`;

async function heard(act: () => Promise<unknown>): Promise<Receiver['received']> {
  const before = receiver.received.length;
  await act();
  await forge.settle();
  return receiver.received.slice(before);
}

describe('a new hook', () => {
  test('is pinged at once with the signature of its secret', () => {
    const ping = receiver.received.at(-1);

    expect(ping?.headers).toMatchObject({
      'x-github-event': 'ping',
      'x-github-hook-id': String(hookId),
      'x-github-hook-installation-target-type': 'repository',
      'content-type': 'application/json',
      'user-agent': 'GitHub-Hookshot/044aadd',
      'x-github-enterprise-version': '3.20.1',
      'x-hub-signature-256': `sha256=${createHmac('sha256', SECRET)
        .update(ping?.raw ?? '')
        .digest('hex')}`,
      'x-hub-signature': `sha1=${createHmac('sha1', SECRET)
        .update(ping?.raw ?? '')
        .digest('hex')}`,
    });
    expect(ping?.headers['x-github-delivery']).toMatch(/^[0-9a-f]{8}-[0-9a-f-]{27}$/);
    expect(ping?.json).toMatchObject({
      hook_id: hookId,
      hook: { type: 'Repository', config: { secret: '********' } },
      sender: { login: 'alice' },
    });
  });

  test('is a form when nobody says otherwise, signed as a form', async () => {
    await addHook({ secret: SECRET }, ['push']);
    const ping = receiver.received.at(-1);

    expect(ping?.headers['content-type']).toBe('application/x-www-form-urlencoded');
    expect(ping?.raw.toString()).toMatch(/^payload=%7B/);
    expect(ping?.headers['x-hub-signature-256']).toBe(
      `sha256=${createHmac('sha256', SECRET)
        .update(ping?.raw ?? '')
        .digest('hex')}`,
    );
  });

  test('is refused when there is one with its address and events', async () => {
    const { status, body } = await api('POST', `/repos/acme/${name}/hooks`, {
      events: ['pull_request', 'push'],
      config: { url: receiver.url },
    });

    expect(status).toBe(422);
    expect(body).toMatchObject({
      message: 'Validation Failed',
      errors: [{ resource: 'Hook', code: 'custom', message: 'Hook already exists on this repository' }],
    });
  });

  test.each([
    [{ events: ['pushes'], config: { url: 'http://127.0.0.1:9/' } }],
    [{ config: {} }],
    [{ config: { url: 'ftp://127.0.0.1/' } }],
    [{ name: 'email', config: { url: 'http://127.0.0.1:9/' } }],
  ])('is refused when it is not sound: %j', async (body) => {
    expect((await api('POST', `/repos/acme/${name}/hooks`, body)).status).toBe(422);
  });

  test('is the last of 20 for its event', async () => {
    for (let index = 1; index < 20; index++) expect((await addAt(index)).status).toBe(201);

    expect((await addAt(20)).body).toMatchObject({ errors: [{ message: 'The "push" event cannot have more than 20 hooks' }] });
  });
});

describe('a changed hook', () => {
  test('loses its secret when the new configuration has none', async () => {
    await api('PATCH', hook(), { config: { url: receiver.url, content_type: 'json' } });

    const [ping] = await heard(() => api('POST', hook('/pings')));

    expect(ping?.headers['x-hub-signature-256']).toBeUndefined();
    expect((await api('GET', hook('/config'))).body).not.toHaveProperty('secret');
  });

  test('keeps it when its configuration changes in part', async () => {
    await api('PATCH', hook('/config'), { url: `${receiver.url}?moved` });

    const [ping] = await heard(() => api('POST', hook('/pings')));

    expect(ping?.headers['x-hub-signature-256']).toMatch(/^sha256=[0-9a-f]{64}$/);
  });

  test('hears nothing when it is inactive or gone', async () => {
    await api('PATCH', hook(), { active: false });
    const whileInactive = await heard(() => forge.push({ repository: repository(), branch: 'main', files: { b: 'b' } }));
    const removed = await api('DELETE', hook());

    expect(whileInactive).toEqual([]);
    expect(removed.status).toBe(204);
    expect((await api('GET', hook())).status).toBe(404);
  });
});

describe('deliveries', () => {
  test('are listed, and made again under the same GUID', async () => {
    receiver.answer = 503;
    const [first] = await heard(() => forge.push({ repository: repository(), branch: 'main', files: { b: 'b' } }));
    receiver.answer = 200;

    const failures = await api('GET', hook('/deliveries?status=failure'));
    const [failure] = failures.body as unknown as readonly { readonly id: number; readonly guid: string }[];
    const detail = await api('GET', hook(`/deliveries/${failure?.id ?? 0}`));
    const [second] = await heard(() => api('POST', hook(`/deliveries/${failure?.id ?? 0}/attempts`)));

    expect(failures.body).toMatchObject([{ event: 'push', status_code: 503, redelivery: false }]);
    expect(detail.body).toMatchObject({ request: { headers: { 'X-GitHub-Event': 'push' } }, response: { payload: 'heard' } });
    expect(second?.headers['x-github-delivery']).toBe(first?.headers['x-github-delivery']);
    expect(second?.raw.equals(first?.raw ?? Buffer.alloc(0))).toBe(true);
  });

  test('are given up when nobody answers in time, and not tried again', async () => {
    receiver.answer = 'never';

    const told = await heard(() => forge.push({ repository: repository(), branch: 'main', files: { b: 'b' } }));

    expect(told).toHaveLength(1);
    expect((await forge.deliveries({ hookId })).at(-1)).toMatchObject({
      event: 'push',
      status: 'timed out',
      status_code: 0,
      state: 'done',
    });
  });

  test('may be anything, signed as asked', async () => {
    const raw = { hook_id: hookId, event: 'push', payload: { any: 'thing' }, guid: 'g-1' };

    const [bad] = await heard(() => forge.deliverRaw({ ...raw, signature: 'bad' }));
    const [none] = await heard(() => forge.deliverRaw({ ...raw, signature: 'none', headers: { 'X-GitHub-Event': null } }));
    const copies = await heard(() => forge.deliverRaw({ ...raw, copies: 3 }));

    expect(bad?.headers['x-hub-signature-256']).not.toBe(
      `sha256=${createHmac('sha256', SECRET)
        .update(bad?.raw ?? '')
        .digest('hex')}`,
    );
    expect(none?.headers).not.toHaveProperty('x-hub-signature-256');
    expect(none?.headers).not.toHaveProperty('x-github-event');
    expect(copies.map(({ headers }) => headers['x-github-delivery'])).toEqual(['g-1', 'g-1', 'g-1']);
  });

  test('can be lost, doubled and spoilt', async () => {
    const push = (file: string): Promise<unknown> => forge.push({ repository: repository(), branch: 'main', files: { [file]: '1' } });
    await forge.addFault({ target: 'delivery', match: { event: 'push' }, times: 1, action: { kind: 'drop' } });
    await forge.addFault({ target: 'delivery', match: { event: 'push' }, times: 1, action: { kind: 'duplicate' } });
    await forge.addFault({ target: 'delivery', match: { event: 'push' }, times: 1, action: { kind: 'bad-signature' } });

    const lost = await heard(() => push('lost'));
    const doubled = await heard(() => push('doubled'));
    const [spoilt] = await heard(() => push('spoilt'));

    expect(lost).toEqual([]);
    expect(doubled.map(({ headers }) => headers['x-github-delivery'])).toEqual(Array(2).fill(doubled[0]?.headers['x-github-delivery']));
    expect(spoilt?.headers['x-hub-signature-256']).not.toBe(
      `sha256=${createHmac('sha256', SECRET)
        .update(spoilt?.raw ?? '')
        .digest('hex')}`,
    );
  });

  test('can overtake one another', async () => {
    await forge.addFault({ target: 'delivery', match: { event: 'push' }, times: 1, action: { kind: 'reorder' } });

    const told = await heard(async () => {
      await forge.push({ repository: repository(), branch: 'main', message: 'first', files: { f: '1' } });
      await forge.push({ repository: repository(), branch: 'main', message: 'second', files: { f: '2' } });
    });

    expect(told.map(({ json }) => (json['head_commit'] as { readonly message: string }).message)).toEqual(['second', 'first']);
  });
});
