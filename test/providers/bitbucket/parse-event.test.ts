import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { VerifiedBody } from '#providers/contract.ts';
import { bitbucket } from '#providers/bitbucket/index.ts';
import { parseEvent } from '#providers/bitbucket/parse-event.ts';
import { testGoldenPayloads } from '#test/providers/golden.ts';

describe('payloads of Bitbucket', () => {
  if (bitbucket.webhooks === undefined) throw new Error('Bitbucket has webhooks');
  // No file may have a colon in its name.
  testGoldenPayloads(bitbucket.webhooks, fileURLToPath(new URL('fixtures', import.meta.url)), (event) => ({
    'x-event-key': event.replace('-', ':'),
  }));
});

const verified = (bytes: Uint8Array): VerifiedBody => bytes as VerifiedBody;
const EVENTS = ['repo:push', 'repo:updated', 'repo:deleted', 'pullrequest:created', 'pullrequest:fulfilled', 'nobody:knows', '__proto__'];

test('whatever bytes were signed, there is an answer and never a throw', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.constantFrom(...EVENTS), (bytes, event) => {
      const parsed = parseEvent(verified(bytes), { 'x-event-key': event });

      return parsed.ok ? parsed.value.length > 0 : parsed.error.message !== '';
    }),
    { numRuns: 500 },
  );
});

test('whatever JSON was signed for an event that is known, there is an answer and never a throw', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.jsonValue(), fc.constantFrom(...EVENTS), (fields, push, event) => {
      const body = Buffer.from(JSON.stringify({ ...fields, push, repository: { uuid: '{1}', full_name: 'a/b' } }));
      const parsed = parseEvent(verified(body), { 'x-event-key': event });

      return parsed.ok ? parsed.value.length > 0 : parsed.error.kind === 'unparseable';
    }),
    { numRuns: 500 },
  );
});

test('a delivery that does not say its event is a problem', () => {
  expect(parseEvent(verified(Buffer.from('{}')), {}).ok).toBe(false);
});
