import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Headers, HookSecret, HookSecrets } from '#providers/contract.ts';
import { identify } from '#providers/gitlab/identify.ts';
import { secretsOf, settings } from '#providers/gitlab/secrets.ts';
import { verify } from '#providers/gitlab/verify.ts';

/** The vector of PROVIDERS.md 2.2, made with another implementation. */
const VECTOR = {
  secret: 'whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=',
  headers: {
    'webhook-id': 'f4b1c9a2-7a3d-4a0e-9b43-1f6f6d1f2c11',
    'webhook-timestamp': '1763596800',
    'webhook-signature': 'v1,sXRS0uVOXdDHQqSpY8wCxvwoozrKebNzJxi0Ma1nfYY=',
  },
  body: Buffer.from('{"object_kind":"push"}'),
  now: new Date(1_763_596_800_000),
};
const TOKEN: HookSecret = { kind: 'token', secret: 'glsoat-a-plain-token' };
const SIGNING: HookSecret = { kind: 'signing', secret: VECTOR.secret };
const OTHER = 'v1,AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=';

const check = (headers: Headers, secrets: HookSecrets, { body = VECTOR.body, now = VECTOR.now } = {}) => {
  const verified = verify(body, headers, secrets, now);
  return verified.ok ? verified.value.by : verified.error;
};
const after = (seconds: number) => ({ now: new Date(VECTOR.now.getTime() + seconds * 1_000) });

describe('a plain token', () => {
  test.each([
    ['the right one', { 'x-gitlab-token': TOKEN.secret }, 'token'],
    ['a wrong one', { 'x-gitlab-token': 'glsoat-a-wrong-token' }, 'mismatch'],
    ['one that is longer', { 'x-gitlab-token': `${TOKEN.secret}x` }, 'mismatch'],
    ['one that is shorter', { 'x-gitlab-token': TOKEN.secret.slice(1) }, 'mismatch'],
    ['an empty one', { 'x-gitlab-token': '' }, 'mismatch'],
    ['two of them', { 'x-gitlab-token': [TOKEN.secret, TOKEN.secret] }, 'mismatch'],
    ['none', {}, 'missing'],
  ])('%s', (_what, headers, outcome) => {
    expect(check(headers, [TOKEN])).toBe(outcome);
  });

  test('a secret that is empty lets nobody in', () => {
    expect(check({ 'x-gitlab-token': '' }, [{ kind: 'token', secret: '' }])).toBe('mismatch');
  });

  test('the signing token sent as the plain one lets nobody in', () => {
    expect(check({ 'x-gitlab-token': SIGNING.secret }, [TOKEN, SIGNING])).toBe('mismatch');
  });
});

describe('a signature', () => {
  test("another implementation's vector verifies", () => {
    expect(check(VECTOR.headers, [SIGNING])).toBe('signing');
  });

  const signature = VECTOR.headers['webhook-signature'];
  test.each([
    ['one of a list that is right', `${OTHER} ${signature}`, 'signing'],
    ['a list with other versions', `v1a,abc ${signature} v2,def`, 'signing'],
    ['another one', OTHER, 'mismatch'],
    ['one without its version', signature.slice(3), 'malformed'],
    ['one that is too short', `${signature.slice(0, -2)}=`, 'malformed'],
    ['an empty one', '', 'malformed'],
    ['a list with commas', `${signature},${signature}`, 'malformed'],
  ])('%s', (_what, list, outcome) => {
    expect(check({ ...VECTOR.headers, 'webhook-signature': list }, [SIGNING])).toBe(outcome);
  });

  test.each([
    ['another body', {}, { body: Buffer.from('{"object_kind":"push"} ') }, 'mismatch'],
    ['another id', { 'webhook-id': 'f4b1c9a2' }, {}, 'mismatch'],
    ['another time', { 'webhook-timestamp': '1763596801' }, {}, 'mismatch'],
    ['no id', { 'webhook-id': undefined }, {}, 'malformed'],
    ['no time', { 'webhook-timestamp': undefined }, {}, 'malformed'],
    ['a time that is no number', { 'webhook-timestamp': '1e9' }, {}, 'malformed'],
    ['a sender five minutes behind', {}, after(300), 'signing'],
    ['a sender five minutes ahead', {}, after(-300), 'signing'],
    ['a sender six minutes behind', {}, after(360), 'expired'],
    ['a sender six minutes ahead', {}, after(-360), 'expired'],
  ])('%s', (_what, headers, around, outcome) => {
    expect(check({ ...VECTOR.headers, ...headers }, [SIGNING], around)).toBe(outcome);
  });

  test.each([
    ['31 bytes', `whsec_${Buffer.alloc(31, 1).toString('base64')}`],
    ['33 bytes', `whsec_${Buffer.alloc(33, 1).toString('base64')}`],
    ['no bytes', 'whsec_'],
    ['no prefix', VECTOR.secret.slice(6)],
    ['nothing', ''],
  ])('a stored secret of %s verifies nothing, not even what an empty key signed', (_what, secret) => {
    const { 'webhook-id': id, 'webhook-timestamp': time } = VECTOR.headers;
    const signed = createHmac('sha256', '').update(`${id}.${time}.`).update(VECTOR.body).digest('base64');

    expect(check({ ...VECTOR.headers, 'webhook-signature': `v1,${signed}` }, [{ kind: 'signing', secret }])).toBe('mismatch');
  });

  test('the bytes are signed, whether they are UTF-8 or not', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        const key = Buffer.from(VECTOR.secret.slice(6), 'base64');
        const signed = createHmac('sha256', key).update('id.1763596800.').update(bytes).digest('base64');
        const headers = { 'webhook-id': 'id', 'webhook-timestamp': '1763596800', 'webhook-signature': `v1,${signed}` };

        expect(check(headers, [SIGNING], { body: Buffer.from(bytes) })).toBe('signing');
      }),
    );
  });
});

describe('of two ways', () => {
  test('where signing is demanded the right token is not enough', () => {
    expect(check({ 'x-gitlab-token': TOKEN.secret }, [SIGNING])).toBe('missing');
  });

  test('a wrong signature is not made good by the right token', () => {
    expect(check({ ...VECTOR.headers, 'webhook-signature': OTHER, 'x-gitlab-token': TOKEN.secret }, [TOKEN, SIGNING])).toBe('mismatch');
  });

  test('while it is not known which is used either does, and the signature is what counts where both are sent', () => {
    expect(check({ 'x-gitlab-token': TOKEN.secret }, [TOKEN, SIGNING])).toBe('token');
    expect(check(VECTOR.headers, [TOKEN, SIGNING])).toBe('signing');
    expect(check({ ...VECTOR.headers, 'x-gitlab-token': TOKEN.secret }, [TOKEN, SIGNING])).toBe('signing');
  });

  test('a hook that was given its token by us is not turned away for a signature that somebody else set up', () => {
    expect(check({ ...VECTOR.headers, 'x-gitlab-token': TOKEN.secret }, [TOKEN])).toBe('token');
  });

  test('during a rotation old and new verify, each in the way it was used', () => {
    const next = secretsOf('next');
    const [, signing] = next;
    if (signing === undefined) throw new Error('there are two');

    expect(check({ 'x-gitlab-token': TOKEN.secret }, [signing, TOKEN])).toBe('token');
    expect(check({ 'x-gitlab-token': next[0].secret }, [signing, TOKEN])).toBe('mismatch');
    expect(check(VECTOR.headers, [signing, SIGNING])).toBe('signing');
  });
});

describe("a hook's secrets", () => {
  test('come from its key alone, and one tells nothing of the other', () => {
    const secrets = secretsOf('a key');

    expect(secretsOf('a key')).toEqual(secrets);
    expect(secretsOf('another key')).not.toEqual(secrets);
    expect(secrets.map(({ kind }) => kind)).toEqual(['token', 'signing']);
    expect(secrets[0].secret).toMatch(/^[\w-]{43}$/);
    expect(secrets[1]?.secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
  });

  test('are entered in fields of their own', () => {
    const secrets = secretsOf('a key');
    const entered = settings({ url: 'https://t.example.com/', secrets });

    expect(entered.filter(({ secret }) => secret !== undefined)).toEqual([
      { field: 'Secret token', value: secrets[0].secret, secret: 'token' },
      { field: expect.stringContaining('Signing token'), value: secrets[1]?.secret, secret: 'signing' },
    ]);
  });
});

describe('the key of a delivery', () => {
  const event = { 'x-gitlab-event': 'Push Hook' };
  test.each([
    ['its id', { ...event, 'webhook-id': 'a', 'idempotency-key': 'b' }, 'a'],
    ['before 19.0 the idempotency key', { ...event, 'idempotency-key': 'b', 'x-gitlab-event-uuid': 'c' }, 'b'],
    ['before 17.4 the event and what it says', { ...event, 'x-gitlab-event-uuid': 'c' }, 'c:00ff'],
  ])('is %s', (_what, headers, key) => {
    expect(identify(headers, '00ff')).toEqual({ ok: true, value: { key, event: 'Push Hook' } });
  });

  test.each([
    ['nothing to tell it by', event],
    ['nothing but what is too long', { ...event, 'webhook-id': 'x'.repeat(201) }],
  ])('is missing with %s', (_what, headers) => {
    expect(identify(headers, '00ff')).toEqual({ ok: false, error: { missing: 'Idempotency-Key' } });
  });
});
