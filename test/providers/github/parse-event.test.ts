import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { VerifiedBody } from '#providers/contract.ts';
import { parseEvent } from '#providers/github/parse-event.ts';
import { github } from '#providers/github/index.ts';
import { testGoldenPayloads } from '#test/providers/golden.ts';

describe('payloads of GitHub', () => {
  if (github.webhooks === undefined) throw new Error('GitHub has webhooks');
  testGoldenPayloads(github.webhooks, fileURLToPath(new URL('fixtures', import.meta.url)), (event) => ({ 'x-github-event': event }));
});

const verified = (bytes: Uint8Array): VerifiedBody => bytes as VerifiedBody;
const EVENTS = ['push', 'pull_request', 'ping', 'meta', 'repository', 'check_run', 'nobody knows'];

test('whatever bytes were signed, there is an answer and never a throw', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.constantFrom(...EVENTS), (bytes, event) => {
      const parsed = parseEvent(verified(bytes), { 'x-github-event': event });

      return parsed.ok ? parsed.value.length > 0 : parsed.error.message !== '';
    }),
    { numRuns: 500 },
  );
});

test('whatever JSON was signed, there is an answer and never a throw', () => {
  fc.assert(
    fc.property(fc.json(), fc.constantFrom(...EVENTS), (json, event) => {
      const parsed = parseEvent(verified(Buffer.from(json)), { 'x-github-event': event });

      return parsed.ok ? parsed.value.length > 0 : parsed.error.kind === 'unparseable';
    }),
    { numRuns: 500 },
  );
});

test('a payload cannot reach the prototype of anything', () => {
  parseEvent(verified(Buffer.from('{"__proto__":{"polluted":true}}')), { 'x-github-event': 'push' });

  expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false);
});

test('depth and size of a payload are no problem of ours', () => {
  const deep = Buffer.from(`${'['.repeat(100_000)}${']'.repeat(100_000)}`);

  expect(parseEvent(verified(deep), { 'x-github-event': 'push' }).ok).toBe(false);
});
