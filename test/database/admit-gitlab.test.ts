import { createHmac, randomBytes, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createVault } from '#credentials/vault.ts';
import type { Database } from '#db/database.ts';
import { NO_TRACING } from '#domain/trace.ts';
import { loadHooks, makeKey, secretPlace } from '#hooks/secrets.ts';
import { replaceSecret, retirePrevious, tightenHook, updateHook } from '#hooks/store.ts';
import { storeDeliveries } from '#inbox/store-deliveries.ts';
import type { HookSecretKind, HookSecrets } from '#providers/contract.ts';
import { secretsOf } from '#providers/gitlab/secrets.ts';
import { findProvider } from '#providers/registry.ts';
import type { AdmitDeps } from '#receive/admit.ts';
import { admit } from '#receive/admit.ts';
import { createGroupedStore } from '#receive/grouped-store.ts';
import { createKnownHooks } from '#receive/known-hooks.ts';
import { openTestDatabase } from '#test/support/database.ts';
import { seedHook, seedOrganization, seedRepository } from '#test/support/seed.ts';

const HOUR_MS = 3_600_000;
const vault = createVault([randomBytes(32)]);
let database: Database;
let organizationId: string;
let hookId: string;
let key: string;
/** Two web processes, each with its own memory of hooks. */
let one: ReturnType<typeof createReceiving>;
let other: ReturnType<typeof createReceiving>;

beforeAll(async () => {
  database = await openTestDatabase();
  ({ organizationId } = await seedOrganization(database));
});
afterAll(() => database.close());
beforeEach(async () => {
  hookId = await seedHook(database, organizationId, await seedRepository(database, organizationId), 'gitlab');
  key = makeKey();
  await updateHook(database, hookId, { sealed_secret: seal(key, 'secret') });
  clockOffMs = 0;
  [one, other] = [createReceiving(), createReceiving()];
});

function seal(text: string, field: 'secret' | 'previous_secret'): Uint8Array {
  return vault.seal(text, secretPlace({ id: hookId, organizationId }, field));
}

/** This machine's clock, which may be wrong. */
let clockOffMs = 0;
const now = () => new Date(Date.now() + clockOffMs);

function createReceiving() {
  return {
    hooks: createKnownHooks((ids) => loadHooks({ database, vault, findProvider }, ids), now),
    tracing: NO_TRACING,
    tighten: (id: string, kind: HookSecretKind) => tightenHook(database, id, kind),
    retire: (hook: Parameters<AdmitDeps['retire']>[0]) => retirePrevious(database, hook),
    refused: () => undefined,
    store: createGroupedStore((deliveries) => storeDeliveries(database, deliveries)),
    findReader: (provider: string) => findProvider(provider)?.webhooks,
  };
}

function deliver(receiving: ReturnType<typeof createReceiving>, headers: Readonly<Record<string, string>>, body: string) {
  const all = { 'x-gitlab-event': 'Push Hook', 'idempotency-key': randomUUID(), ...headers };
  return admit(receiving, { provider: 'gitlab', hookId, headers: all, body: Buffer.from(body), now: now() });
}

const [PLAIN, SIGNED] = ['token', 'signing'] as const;
async function send(receiving: ReturnType<typeof createReceiving>, way: HookSecretKind, secrets: HookSecrets = secretsOf(key)) {
  const body = '{"object_kind":"push"}';
  const secret = secrets.find(({ kind }) => kind === way)?.secret ?? '';
  if (way === PLAIN) return (await deliver(receiving, { 'x-gitlab-token': secret }, body)).status;
  const [id, time] = [randomUUID(), String(Math.floor(Date.now() / 1_000))];
  const hmac = createHmac('sha256', Buffer.from(secret.slice('whsec_'.length), 'base64')).update(`${id}.${time}.${body}`);
  const headers = { 'webhook-id': id, 'webhook-timestamp': time, 'webhook-signature': `v1,${hmac.digest('base64')}` };
  return (await deliver(receiving, headers, body)).status;
}

/** As another process does it: these are told nothing. */
async function rotate(): Promise<HookSecrets> {
  const next = makeKey();
  const [sealed, sealedPrevious] = [seal(next, 'secret'), seal(key, 'previous_secret')];
  await database.transaction((tx) => replaceSecret(tx, hookId, { sealed, sealedPrevious, overlapMs: HOUR_MS }));
  return secretsOf(next);
}

describe('a hook of which it is not known how GitLab proves itself', () => {
  test('takes either way, and from the first signature on nothing less, in every process at once', async () => {
    const before = [await send(one, PLAIN), await send(other, PLAIN)];

    const signed = await send(one, SIGNED);

    expect([...before, signed]).toEqual(['accepted', 'accepted', 'accepted']);
    expect([await send(one, PLAIN), await send(other, PLAIN)]).toEqual(['unauthorized', 'unauthorized']);
    expect([await send(one, SIGNED), await send(other, SIGNED)]).toEqual(['accepted', 'accepted']);
  });

  test('asks for the signature of its old key too, where it was rotated before the first one came', async () => {
    const next = await rotate();
    const before = await send(one, PLAIN);

    const signed = await send(one, SIGNED);

    expect([before, signed]).toEqual(['accepted', 'accepted']);
    expect([await send(one, PLAIN), await send(other, PLAIN, next)]).toEqual(['unauthorized', 'unauthorized']);
    expect([await send(one, SIGNED), await send(other, SIGNED, next)]).toEqual(['accepted', 'accepted']);
  });

  test('is not tightened by a signature that is false', async () => {
    expect(await send(one, SIGNED, secretsOf('another key'))).toBe('unauthorized');

    expect(await send(one, PLAIN)).toBe('accepted');
  });
});

describe('a hook that GitLab was seen to sign for', () => {
  beforeEach(() => updateHook(database, hookId, { secret_kind: SIGNED }));

  test('refuses a delivery that has the right token and no signature', async () => {
    expect(await send(one, PLAIN)).toBe('unauthorized');
    expect(await send(one, SIGNED)).toBe('accepted');
  });

  test('refuses it too where it was remembered from before', async () => {
    await updateHook(database, hookId, { secret_kind: PLAIN });
    expect(await send(one, PLAIN)).toBe('accepted');
    await updateHook(database, hookId, { secret_kind: SIGNED });

    expect(await send(one, PLAIN)).toBe('unauthorized');
  });

  test('keeps asking for signatures when it is rotated, old and new ones', async () => {
    await send(one, SIGNED);

    const next = await rotate();

    expect([await send(one, SIGNED), await send(one, SIGNED, next)]).toEqual(['accepted', 'accepted']);
    expect([await send(one, PLAIN), await send(one, PLAIN, next)]).toEqual(['unauthorized', 'unauthorized']);
  });
});

test.each([10, -10])("signatures are judged by the database's time, though the clock here is off by %i minutes", async (minutes) => {
  await updateHook(database, hookId, { secret_kind: SIGNED });
  clockOffMs = minutes * 60_000;

  expect(await send(one, SIGNED)).toBe('accepted');
  clockOffMs = 0;
  expect(await send(one, SIGNED)).toBe('accepted');
});

test('a hook of a server that did not sign and does since takes the old token while the rotation overlaps, and not the new one', async () => {
  await updateHook(database, hookId, { secret_kind: PLAIN });

  const next = await rotate();
  await updateHook(database, hookId, { secret_kind: SIGNED });

  expect([await send(one, PLAIN), await send(one, SIGNED, next)]).toEqual(['accepted', 'accepted']);
  expect([await send(one, PLAIN, next), await send(one, SIGNED)]).toEqual(['unauthorized', 'unauthorized']);
});

test('a delivery for the hook of another organization is refused, and nothing of it is kept', async () => {
  const { organizationId: elsewhere } = await seedOrganization(database);
  const theirs = await seedHook(database, elsewhere, await seedRepository(database, elsewhere), 'gitlab');
  const place = secretPlace({ id: theirs, organizationId: elsewhere }, 'secret');
  await updateHook(database, theirs, { sealed_secret: vault.seal(makeKey(), place) });
  hookId = theirs;

  expect([await send(one, PLAIN), await send(one, SIGNED)]).toEqual(['unauthorized', 'unauthorized']);
  expect(await database.kysely.selectFrom('deliveries').select('id').where('organization_id', '=', elsewhere).execute()).toEqual([]);
});
