import { randomUUID } from 'node:crypto';
import Fastify from 'fastify';
import { expect, test } from 'vitest';
import { NO_TRACING } from '#domain/trace.ts';
import { findProvider } from '#providers/registry.ts';
import { createKnownHooks } from '#receive/known-hooks.ts';
import { registerReceive } from '#receive/route.ts';

/** The endpoint with no hook behind it, and what it counted. */
async function openEndpoint() {
  const counted: string[] = [];
  const server = Fastify();
  await registerReceive(server, {
    findReader: (provider) => findProvider(provider)?.webhooks,
    hooks: createKnownHooks(async () => new Map()),
    tighten: () => Promise.reject(new Error('no hook is here')),
    store: () => Promise.reject(new Error('nothing is stored here')),
    now: () => new Date(),
    tracing: NO_TRACING,
    count: (provider, outcome) => counted.push(`${provider} ${outcome}`),
  });
  return { server, counted };
}

test('names of providers that nobody has are counted as one, however many are tried', async () => {
  const { server, counted } = await openEndpoint();
  const headers = { 'content-type': 'application/json' };

  for (const provider of ['github', 'made-up', 'also-made-up', '__proto__'])
    await server.inject({ method: 'POST', url: `/webhooks/${provider}/${randomUUID()}`, headers, payload: '{}' });

  expect(counted).toEqual(['github unauthorized', 'unknown unauthorized', 'unknown unauthorized', 'unknown unauthorized']);
});
