import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { HookSecrets } from '#providers/contract.ts';
import { identify, verify } from '#providers/bitbucket/verify.ts';

const SECRET = "It's a Secret to Everybody";
const BODY = Buffer.from('Hello World!');
/** Bitbucket's own test vector (PROVIDERS.md 2.3). */
const SIGNATURE = 'sha256=a4771c39fbe90f317c7824e83ddef3caae9cb3d976c214ace1f2937e133263c9';
const secrets = (first: string, ...rest: readonly string[]): HookSecrets => [
  { kind: 'hmac', secret: first },
  ...rest.map((secret) => ({ kind: 'hmac' as const, secret })),
];
const hmac = (algorithm: string, secret: string, body: Uint8Array) => createHmac(algorithm, secret).update(body).digest('hex');
const sign = (secret: string, body: Uint8Array) => `sha256=${hmac('sha256', secret, body)}`;

test("Bitbucket's own vector verifies", () => {
  expect(verify(BODY, { 'x-hub-signature': SIGNATURE }, secrets(SECRET))).toMatchObject({ ok: true, value: { by: 'hmac' } });
});

test.each([
  ['no header', {}, 'missing'],
  ['an empty header', { 'x-hub-signature': '' }, 'malformed'],
  ['SHA-1, which has that header at GitHub', { 'x-hub-signature': `sha1=${hmac('sha1', SECRET, BODY)}` }, 'malformed'],
  ['an algorithm that was never there', { 'x-hub-signature': `none=${SIGNATURE.slice(7)}` }, 'malformed'],
  ["GitHub's header", { 'x-hub-signature-256': SIGNATURE }, 'missing'],
  ['a signature that is too short', { 'x-hub-signature': SIGNATURE.slice(0, -2) }, 'malformed'],
  ['a signature that goes on', { 'x-hub-signature': `${SIGNATURE}00` }, 'malformed'],
  ['two headers', { 'x-hub-signature': [SIGNATURE, SIGNATURE] }, 'malformed'],
  ['another signature', { 'x-hub-signature': `sha256=${'0'.repeat(64)}` }, 'mismatch'],
])('%s is refused', (_what, headers, problem) => {
  expect(verify(BODY, headers, secrets(SECRET))).toEqual({ ok: false, error: problem });
});

test('during a rotation either secret verifies, and after it the old one does not', () => {
  const headers = { 'x-hub-signature': sign('old', BODY) };

  expect(verify(BODY, headers, secrets('new', 'old')).ok).toBe(true);
  expect(verify(BODY, headers, secrets('new')).ok).toBe(false);
});

test('an empty secret verifies nothing, nor does one of another kind', () => {
  expect(verify(BODY, { 'x-hub-signature': sign('', BODY) }, secrets('')).ok).toBe(false);
  expect(verify(BODY, { 'x-hub-signature': sign('s', BODY) }, [{ kind: 'token', secret: 's' }]).ok).toBe(false);
});

test('bytes that are no UTF-8 verify as they are, and one bit more does not', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 300 }), fc.string({ minLength: 1 }), fc.nat(), (bytes, secret, at) => {
      const headers = { 'x-hub-signature': sign(secret, bytes) };
      const changed = Uint8Array.from(bytes);
      changed[at % bytes.length] = (bytes[at % bytes.length] ?? 0) ^ 1;

      return verify(bytes, headers, secrets(secret)).ok && !verify(changed, headers, secrets(secret)).ok;
    }),
  );
});

test.each([
  [{ 'x-event-key': 'repo:push' }, 'X-Request-UUID'],
  [{ 'x-request-uuid': 'one' }, 'X-Event-Key'],
  [{ 'x-request-uuid': 'x'.repeat(201), 'x-event-key': 'repo:push' }, 'X-Request-UUID'],
  [{ 'x-request-uuid': 'one', 'x-event-key': '' }, 'X-Event-Key'],
])('%o has no identity: %s is missing', (headers, missing) => {
  expect(identify(headers)).toEqual({ ok: false, error: { missing } });
});

test('the key is the one that every attempt repeats', () => {
  const headers = { 'x-request-uuid': 'one', 'x-event-key': 'repo:push', 'x-hook-uuid': 'hook', 'x-attempt-number': '2' };

  expect(identify(headers)).toEqual({ ok: true, value: { key: 'one', event: 'repo:push' } });
});
