import { createHmac, randomUUID } from 'node:crypto';
import { PassThrough } from 'node:stream';
import Fastify from 'fastify';
import { expect, test } from 'vitest';
import { NO_TRACING } from '#domain/trace.ts';
import { findProvider } from '#providers/registry.ts';
import type { Admission } from '#inbox/store-deliveries.ts';
import type { StoredHook } from '#receive/known-hooks.ts';
import { createKnownHooks } from '#receive/known-hooks.ts';
import { registerReceive } from '#receive/route.ts';

const SECRET = 'the secret of the only hook';
const APP_ID = '4711';
const HOOK_ID = randomUUID();
const HOOK: StoredHook = {
  id: HOOK_ID,
  provider: 'github',
  sealedSecret: Buffer.of(1),
  sealedPreviousSecret: undefined,
  secretKind: undefined,
  readAt: new Date(),
  open: () => ({ secrets: [{ kind: 'hmac', secret: SECRET }], present: undefined, tightenTo: undefined }),
};

/** The endpoint with one hook and what it counted and logged; whatever is to be stored comes to `admission`. */
async function openEndpoint(admission?: Admission) {
  const counted: string[] = [];
  const logged: string[] = [];
  const stream = new PassThrough();
  stream.on('data', (line: Buffer) => logged.push(line.toString()));
  const server = Fastify({ logger: { level: 'warn', stream } });
  await registerReceive(server, {
    findReader: (provider) => findProvider(provider)?.webhooks,
    hooks: createKnownHooks(
      async () => new Map([[HOOK_ID, HOOK]]),
      () => new Date(),
    ),
    findAppHooks: async (appId) => (appId === APP_ID ? [HOOK_ID] : []),
    tighten: () => Promise.reject(new Error('there is nothing to tighten')),
    retire: () => Promise.reject(new Error('there is nothing to retire')),
    refused: (hookId) => counted.push(`refused ${hookId === HOOK_ID ? 'of the hook' : hookId}`),
    store: async () => {
      if (admission === undefined) throw new Error('nothing is stored here');
      return admission;
    },
    now: () => new Date(),
    tracing: NO_TRACING,
    count: (provider, outcome) => counted.push(`${provider} ${outcome}`),
  });
  const deliver = (body: string) =>
    server.inject({
      method: 'POST',
      url: `/webhooks/github/${HOOK_ID}`,
      headers: {
        'content-type': 'application/json',
        'x-hub-signature-256': `sha256=${createHmac('sha256', SECRET).update(body).digest('hex')}`,
      },
      payload: body,
    });
  return { server, counted, logged, deliver };
}

test('names of providers that nobody has are counted as one, however many are tried', async () => {
  const { server, counted } = await openEndpoint();
  const headers = { 'content-type': 'application/json' };

  for (const provider of ['github', 'made-up', 'also-made-up', '__proto__'])
    await server.inject({ method: 'POST', url: `/webhooks/${provider}/${randomUUID()}`, headers, payload: '{}' });

  expect(counted).toEqual(['github unauthorized', 'unknown unauthorized', 'unknown unauthorized', 'unknown unauthorized']);
});

test('a delivery that comes again with another body is answered as one that was there, and leaves an entry for those who watch', async () => {
  const { counted, logged, deliver } = await openEndpoint({ status: 'duplicate', id: 'the first', changed: true });

  const answer = await deliver('{"after": "something else"}');

  expect([answer.statusCode, answer.json()]).toEqual([200, { delivery: 'the first', status: 'duplicate' }]);
  expect(counted).toEqual(['github duplicate', 'github changed']);
  expect(logged.map((line) => JSON.parse(line) as unknown)).toMatchObject([
    { security: 'delivery-changed', deliveryId: 'the first', hookId: HOOK_ID, provider: 'github' },
  ]);
  expect(logged.join()).not.toContain('something else');
});

test('a delivery that comes again as it was leaves none', async () => {
  const { counted, logged, deliver } = await openEndpoint({ status: 'duplicate', id: 'the first', changed: false });

  await deliver('{}');

  expect([counted, logged]).toEqual([['github duplicate'], []]);
});
