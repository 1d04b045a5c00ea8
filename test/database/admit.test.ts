import { createHmac, randomBytes, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createVault } from '#credentials/vault.ts';
import type { Database } from '#db/database.ts';
import { databaseNow, databaseTimeIn } from '#db/time.ts';
import { NO_TRACING } from '#domain/trace.ts';
import { loadHooks, secretPlace } from '#hooks/secrets.ts';
import { replaceSecret, retirePrevious, tightenHook } from '#hooks/store.ts';
import { storeDeliveries } from '#inbox/store-deliveries.ts';
import type { HookSecretKind } from '#providers/contract.ts';
import { findProvider } from '#providers/registry.ts';
import type { AdmitDeps, AdmitOutcome } from '#receive/admit.ts';
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
let secret: string;
let looked: number;
let signatures: number;
let refused: string[];
let receiving: ReturnType<typeof createReceiving>;

beforeAll(async () => {
  database = await openTestDatabase();
  ({ organizationId } = await seedOrganization(database));
});
afterAll(() => database.close());
beforeEach(async () => {
  hookId = await seedHook(database, organizationId, await seedRepository(database, organizationId));
  secret = randomUUID();
  await database.kysely
    .updateTable('hooks')
    .set({ sealed_secret: seal(secret, 'secret') })
    .where('id', '=', hookId)
    .execute();
  [looked, signatures, refused] = [0, 0, []];
  receiving = createReceiving();
});

function seal(text: string, field: 'secret' | 'previous_secret'): Uint8Array {
  return vault.seal(text, secretPlace({ id: hookId, organizationId }, field));
}

/** What a web process has: its own memory of hooks, on a database that others change. Look-ups and signature checks are counted. */
function createReceiving() {
  return {
    hooks: createKnownHooks(
      (ids) => {
        looked += 1;
        return loadHooks({ database, vault, findProvider }, ids);
      },
      () => new Date(),
    ),
    tighten: (id: string, kind: HookSecretKind) => tightenHook(database, id, kind),
    retire: (hook: Parameters<AdmitDeps['retire']>[0]) => retirePrevious(database, hook),
    refused: (id: string) => void refused.push(id),
    tracing: NO_TRACING,
    store: createGroupedStore((deliveries) => storeDeliveries(database, deliveries)),
    findReader: (provider: string) => {
      const reader = findProvider(provider)?.webhooks;
      return reader && { ...reader, verify: (...args: Parameters<typeof reader.verify>) => ((signatures += 1), reader.verify(...args)) };
    },
  };
}

async function deliver(signedWith: string, { key = randomUUID(), hook = hookId, body = '{}' } = {}): Promise<AdmitOutcome> {
  const headers = {
    'x-github-delivery': key,
    'x-github-event': 'push',
    'x-hub-signature-256': `sha256=${createHmac('sha256', signedWith).update(body).digest('hex')}`,
  };
  return admit(receiving, { provider: 'github', hookId: hook, headers, body: Buffer.from(body), now: new Date() });
}

/** As another process does it: this one is told nothing. */
async function rotate(overlapMs = HOUR_MS): Promise<string> {
  const next = randomUUID();
  const [sealed, sealedPrevious] = [seal(next, 'secret'), seal(secret, 'previous_secret')];
  await database.transaction((tx) => replaceSecret(tx, hookId, { sealed, sealedPrevious, overlapMs }));
  return next;
}

const countOf = async (hook = hookId) =>
  (await database.kysely.selectFrom('deliveries').select('id').where('hook_id', '=', hook).execute()).length;

test('a hook is looked up for its first delivery only, and each is stored with its own bytes', async () => {
  const bodies = Array.from({ length: 20 }, (_, at) => JSON.stringify({ at, padding: 'x'.repeat(at * 300) }));

  await deliver(secret);
  const outcomes = await Promise.all(bodies.map((body) => deliver(secret, { body })));

  expect(looked).toBe(1);
  for (const [at, outcome] of outcomes.entries()) {
    const id = outcome.status === 'unauthorized' ? '' : outcome.id;
    const row = await database.kysely.selectFrom('deliveries').selectAll().where('id', '=', id).executeTakeFirstOrThrow();
    expect(Buffer.from(row.body).toString()).toBe(bodies[at]);
    expect(row).toMatchObject({ organization_id: organizationId, hook_id: hookId, provider: 'github', event: 'push', status: 'accepted' });
    expect(row.headers).toMatchObject({ 'x-github-event': 'push' });
  }
});

test('a known key keeps its first body, and it is noticed when another comes under it', async () => {
  const key = randomUUID();
  const first = await deliver(secret, { key, body: '{"at": 1}' });

  const again = await deliver(secret, { key, body: '{"at": 1}' });
  const changed = await deliver(secret, { key, body: '{"at": 2}' });

  expect(first.status).toBe('accepted');
  expect([again, changed]).toMatchObject([
    { ...first, status: 'duplicate', changed: false },
    { ...first, status: 'duplicate', changed: true },
  ]);
  const rows = await database.kysely.selectFrom('deliveries').select('body').where('hook_id', '=', hookId).execute();
  expect(rows.map(({ body }) => Buffer.from(body).toString())).toEqual(['{"at": 1}']);
});

describe('a hook that is remembered', () => {
  beforeEach(() => deliver(secret));

  test('and was deleted by another process takes nothing more', async () => {
    await database.kysely.deleteFrom('hooks').where('id', '=', hookId).execute();

    expect(await deliver(secret)).toEqual({ status: 'unauthorized' });
    expect(await countOf()).toBe(0);
  });

  test('and was rotated by another process takes the old secret until the first delivery under the new one', async () => {
    const next = await rotate();

    const outcomes = [await deliver(secret), await deliver(secret), await deliver(next), await deliver(secret), await deliver(next)];

    expect(outcomes.map(({ status }) => status)).toEqual(['accepted', 'accepted', 'accepted', 'unauthorized', 'accepted']);
    expect(await countOf()).toBe(5);
    const row = await database.kysely.selectFrom('hooks').selectAll().where('id', '=', hookId).executeTakeFirstOrThrow();
    expect(row).toMatchObject({ sealed_previous_secret: null, previous_until: null, secret_told: true });
  });

  test('and is rotated once more keeps the secret in between, though a delivery under it is late', async () => {
    const next = await rotate();
    const last = randomUUID();
    const [sealed, sealedPrevious] = [seal(last, 'secret'), seal(next, 'previous_secret')];
    await database.transaction((tx) => replaceSecret(tx, hookId, { sealed, sealedPrevious, overlapMs: HOUR_MS }));

    const outcomes = [await deliver(next), await deliver(next), await deliver(last), await deliver(next)];

    expect(outcomes.map(({ status }) => status)).toEqual(['accepted', 'accepted', 'accepted', 'unauthorized']);
  });

  test('and was rotated without overlap refuses the old secret at once', async () => {
    const next = await rotate(0);

    expect(await deliver(secret)).toEqual({ status: 'unauthorized' });
    expect((await deliver(next)).status).toBe('accepted');
    expect(await countOf()).toBe(2);
  });

  test('refuses the old secret as soon as the overlap is over, though it was taken a moment ago', async () => {
    const next = await rotate();
    const during = await deliver(secret);
    await database.kysely.updateTable('hooks').set({ previous_until: databaseNow() }).where('id', '=', hookId).execute();

    expect(during.status).toBe('accepted');
    expect(await deliver(secret)).toEqual({ status: 'unauthorized' });
    expect((await deliver(next)).status).toBe('accepted');
  });

  test('says of a known key that it is known only to who has a valid secret', async () => {
    const key = randomUUID();
    await deliver(secret, { key });
    await database.kysely.updateTable('deliveries').set({ status: 'failed' }).where('delivery_key', '=', key).execute();
    const next = await rotate(0);

    expect(await deliver(secret, { key })).toEqual({ status: 'unauthorized' });
    const untouched = await database.kysely.selectFrom('deliveries').select('status').where('delivery_key', '=', key).executeTakeFirst();
    expect(untouched?.status).toBe('failed');
    expect((await deliver(next, { key })).status).toBe('duplicate');
  });

  test('loses no delivery while it is rotated again and again', async () => {
    const outcomes: AdmitOutcome[] = [];
    for (let round = 0; round < 5; round++) {
      const [next, ...others] = await Promise.all([rotate(), ...Array.from({ length: 10 }, () => deliver(secret))]);
      outcomes.push(...others);
      secret = next;
    }

    expect(new Set(outcomes.map(({ status }) => status))).toEqual(new Set(['accepted']));
    expect(await countOf()).toBe(1 + outcomes.length);
  });
});

test('a wrong signature, a remembered hook or not, costs one look-up and one signature, as an unknown hook does', async () => {
  const costs: (readonly [number, number])[] = [];
  const costOf = async (deliverOne: () => Promise<AdmitOutcome>): Promise<void> => {
    [looked, signatures] = [0, 0];
    expect(await deliverOne()).toEqual({ status: 'unauthorized' });
    costs.push([looked, signatures]);
  };

  await costOf(() => deliver('wrong'));
  await costOf(() => deliver('wrong'));
  await costOf(() => deliver('wrong', { hook: randomUUID() }));

  expect(costs).toEqual([
    [1, 1],
    [1, 1],
    [1, 1],
  ]);
});

test('a wrong signature is told of where the hook is known, and nowhere else', async () => {
  await deliver('wrong');
  await deliver(secret);
  await deliver('wrong');
  await deliver('wrong', { hook: randomUUID() });

  expect(refused).toEqual([hookId, hookId]);
});

test('deliveries of one hook that is deleted do not take those of another with them', async () => {
  const other = { hook: hookId, secret };
  hookId = await seedHook(database, organizationId, await seedRepository(database, organizationId));
  await database.kysely
    .updateTable('hooks')
    .set({ sealed_secret: seal('second', 'secret'), previous_until: databaseTimeIn(HOUR_MS) })
    .where('id', '=', hookId)
    .execute();
  await Promise.all([deliver('second'), deliver(other.secret, other)]);
  await database.kysely.deleteFrom('hooks').where('id', '=', hookId).execute();

  const outcomes = await Promise.all([1, 2, 3, 4].flatMap(() => [deliver('second'), deliver(other.secret, other)]));

  expect(outcomes.map(({ status }) => status)).toEqual([1, 2, 3, 4].flatMap(() => ['unauthorized', 'accepted']));
});

test('with a hook that was sealed under a key which this process lacks, a delivery is neither taken nor refused, and nothing is overwritten', async () => {
  const strangers = createVault([randomBytes(32)]);
  const before = await database.kysely.selectFrom('hooks').selectAll().where('id', '=', hookId).executeTakeFirstOrThrow();
  const usual = receiving;
  receiving = {
    ...createReceiving(),
    hooks: createKnownHooks(
      (ids) => loadHooks({ database, vault: strangers, findProvider }, ids),
      () => new Date(),
    ),
  };

  // The route answers 503, so that the provider keeps it; 401 would say that the sender is wrong.
  await expect(deliver(secret)).rejects.toMatchObject({ code: 'SECRET_UNREADABLE' });

  expect(refused).toEqual([]);
  expect(await database.kysely.selectFrom('hooks').selectAll().where('id', '=', hookId).executeTakeFirstOrThrow()).toEqual(before);
  receiving = usual;
  expect((await deliver(secret)).status).toBe('accepted');
});
