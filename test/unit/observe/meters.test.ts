import { expect, test } from 'vitest';
import { Failure } from '#domain/failure.ts';
import { createMeters } from '#observe/meters.ts';
import { createInstruments } from '#observe/registry.ts';

async function callsAfter(fetch: typeof globalThis.fetch): Promise<string> {
  const instruments = createInstruments();
  const counted = createMeters(instruments).countCalls('github', fetch);
  await counted('https://api.example.com/').catch(() => undefined);
  const text = await instruments.registry.metrics();
  return /^tributary_provider_calls_total\{.*outcome="([\w-]+)".*\} 1$/m.exec(text)?.[1] ?? 'not counted';
}

test.each([
  ['ok', 200, {}],
  ['ok', 304, {}],
  ['unauthorized', 401, {}],
  ['forbidden', 403, {}],
  ['rate-limited', 403, { 'x-ratelimit-remaining': '0' }],
  ['rate-limited', 403, { 'retry-after': '60' }],
  ['rate-limited', 429, {}],
  ['not-found', 404, {}],
  ['refused', 422, {}],
  ['failed', 502, {}],
])('a call is counted as %s when a provider answers %i %o', async (outcome, status, headers) => {
  const body = status === 304 ? null : 'x';

  expect(await callsAfter(async () => new Response(body, { status, headers }))).toBe(outcome);
});

test.each([
  ['no-answer', new Failure('CONNECTION_FAILED', { message: 'm' })],
  ['denied', new Failure('POLICY_DENIED', { message: 'm' })],
])('a call is counted as %s when it is never answered', async (outcome, error) => {
  expect(await callsAfter(() => Promise.reject(error))).toBe(outcome);
});

test('a provider that nobody has is no series of its own', async () => {
  const instruments = createInstruments();
  const meters = createMeters(instruments);

  for (const provider of ['github', 'x"} 1\nforged 1', 'another']) meters.delivered(provider, 'accepted');

  const text = await instruments.registry.metrics();
  expect(text.match(/^tributary_deliveries_received_total\{.*$/gm)).toEqual([
    'tributary_deliveries_received_total{provider="github",outcome="accepted"} 1',
    'tributary_deliveries_received_total{provider="unknown",outcome="accepted"} 2',
  ]);
});

test('a gauge says nothing before it was set, nor after it was cleared', async () => {
  const { registry, set, clear } = createInstruments();
  const said = async (): Promise<readonly string[]> => (await registry.metrics()).match(/^tributary_(?:credential|workers).*$/gm) ?? [];

  expect(await said()).toEqual([]);
  set('tributary_credential_next_expiry_seconds', {}, 60);
  set('tributary_workers', { version: '1' }, 2);
  expect(await said()).toEqual(['tributary_credential_next_expiry_seconds 60', 'tributary_workers{version="1"} 2']);
  clear('tributary_credential_next_expiry_seconds');
  clear('tributary_workers');
  expect(await said()).toEqual([]);
});
