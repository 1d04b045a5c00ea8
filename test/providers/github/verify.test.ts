import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { HookSecrets } from '#providers/contract.ts';
import { identify, verify } from '#providers/github/verify.ts';

const SECRET = "It's a Secret to Everybody";
const BODY = Buffer.from('Hello, World!');
/** GitHub's own test vector (PROVIDERS.md 2.1). */
const SIGNATURE = 'sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17';
const secrets = (...all: [string, ...string[]]): HookSecrets => {
  const [first, ...rest] = all.map((secret) => ({ kind: 'hmac' as const, secret }));
  if (first === undefined) throw new Error('at least one secret');
  return [first, ...rest];
};
const sign = (secret: string, body: Uint8Array) => `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`;

test("GitHub's own vector verifies", () => {
  expect(verify(BODY, { 'x-hub-signature-256': SIGNATURE }, secrets(SECRET)).ok).toBe(true);
});

test.each([
  ['no header', {}, 'missing'],
  ['an empty header', { 'x-hub-signature-256': '' }, 'malformed'],
  ['the older SHA-1 header alone', { 'x-hub-signature': `sha1=${createHmac('sha1', SECRET).update(BODY).digest('hex')}` }, 'missing'],
  ['SHA-1 under the newer name', { 'x-hub-signature-256': `sha1=${createHmac('sha1', SECRET).update(BODY).digest('hex')}` }, 'malformed'],
  ['a signature that is too short', { 'x-hub-signature-256': SIGNATURE.slice(0, -2) }, 'malformed'],
  ['two headers', { 'x-hub-signature-256': [SIGNATURE, SIGNATURE] }, 'missing'],
  ['upper case digits', { 'x-hub-signature-256': SIGNATURE.toUpperCase().replace('SHA256', 'sha256') }, 'malformed'],
  ['another signature', { 'x-hub-signature-256': `sha256=${'0'.repeat(64)}` }, 'mismatch'],
])('%s is refused', (_what, headers, problem) => {
  expect(verify(BODY, headers, secrets(SECRET))).toEqual({ ok: false, error: problem });
});

test('during a rotation either secret verifies, and after it the old one does not', () => {
  const headers = { 'x-hub-signature-256': sign('old', BODY) };

  expect(verify(BODY, headers, secrets('new', 'old')).ok).toBe(true);
  expect(verify(BODY, headers, secrets('new')).ok).toBe(false);
});

test('an empty secret verifies nothing, whatever is signed with it', () => {
  expect(verify(BODY, { 'x-hub-signature-256': sign('', BODY) }, secrets('')).ok).toBe(false);
});

test('a secret of another kind verifies nothing', () => {
  const headers = { 'x-hub-signature-256': sign('s', BODY) };

  expect(verify(BODY, headers, [{ kind: 'token', secret: 's' }]).ok).toBe(false);
});

test('bytes that are no UTF-8 verify as they are, and one bit more does not', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 300 }), fc.string({ minLength: 1 }), fc.nat(), (bytes, secret, at) => {
      const headers = { 'x-hub-signature-256': sign(secret, bytes) };
      const changed = Uint8Array.from(bytes);
      changed[at % bytes.length] = (bytes[at % bytes.length] ?? 0) ^ 1;

      return verify(bytes, headers, secrets(secret)).ok && !verify(changed, headers, secrets(secret)).ok;
    }),
  );
});

test.each([
  [{ 'x-github-event': 'push' }, 'X-GitHub-Delivery'],
  [{ 'x-github-delivery': 'guid' }, 'X-GitHub-Event'],
  [{ 'x-github-delivery': 'x'.repeat(201), 'x-github-event': 'push' }, 'X-GitHub-Delivery'],
])('%o has no identity: %s is missing', (headers, missing) => {
  expect(identify(headers)).toEqual({ ok: false, error: { missing } });
});

test('the key is the GUID that a redelivery repeats', () => {
  expect(identify({ 'x-github-delivery': 'guid', 'x-github-event': 'push' })).toEqual({ ok: true, value: { key: 'guid', event: 'push' } });
});
