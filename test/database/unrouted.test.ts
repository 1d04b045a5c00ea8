import { createHash } from 'node:crypto';
import { sql } from 'kysely';
import { pino } from 'pino';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { v7 as newId } from 'uuid';
import type { Database } from '#db/database.ts';
import { NO_TRACING } from '#domain/trace.ts';
import type { RouteDeps } from '#inbox/route.ts';
import { routeDeliveries } from '#inbox/route.ts';
import { startRouter } from '#inbox/router.ts';
import { storeDeliveries } from '#inbox/store-deliveries.ts';
import { claimUnrouted, routeAgain } from '#inbox/store.ts';
import { findProvider } from '#providers/registry.ts';
import { openTestDatabase } from '#test/support/database.ts';
import { createRecordingQueue } from '#test/support/recording-queue.ts';
import { seedHook, seedOrganization, seedRepository } from '#test/support/seed.ts';
import { until } from '#test/support/until.ts';

const PAYLOAD = JSON.stringify({
  ref: 'refs/heads/main',
  before: '1'.repeat(40),
  after: '2'.repeat(40),
  repository: { id: 15, full_name: 'a/b' },
});
let database: Database;
let hookId: string;
let queue: ReturnType<typeof createRecordingQueue>;
beforeAll(async () => {
  database = await openTestDatabase();
});
afterAll(() => database.close());
beforeEach(async () => {
  const { organizationId } = await seedOrganization(database);
  hookId = await seedHook(database, organizationId, await seedRepository(database, organizationId, { remoteId: '15' }));
  queue = createRecordingQueue();
});

async function store(): Promise<string> {
  const id = newId();
  const body = Buffer.from(PAYLOAD);
  const hook = { id: hookId, sealedSecret: Buffer.of(1), sealedPreviousSecret: undefined, secretKind: undefined };
  const bodyHash = createHash('sha256').update(body).digest();
  await storeDeliveries(database, [{ id, hook, key: id, event: 'push', headers: { 'x-github-event': 'push' }, body, bodyHash }]);
  return id;
}
const deps = (more: Partial<RouteDeps> = {}): RouteDeps => ({
  database,
  queue,
  log: pino({ level: 'silent' }),
  tracing: NO_TRACING,
  meters: { routed: () => undefined },
  findReader: (provider) => findProvider(provider)?.webhooks,
  ...more,
});
const rowOf = (id: string) => database.kysely.selectFrom('deliveries').selectAll().where('id', '=', id).executeTakeFirstOrThrow();
const untilRouted = (id: string) =>
  until('the delivery to be routed', async () => {
    const row = await rowOf(id);
    return row.routed_at === null ? undefined : row;
  });

test('a delivery whose NOTIFY was lost is routed by the sweep', async () => {
  const deaf: Database = { ...database, listen: async () => async () => undefined };
  const stop = await startRouter(deps({ database: deaf }));
  const id = await store();

  const row = await untilRouted(id);
  await stop();

  expect(row).toMatchObject({ status: 'routed' });
});

test('a delivery that a router held when it was killed is routed by another', async () => {
  const id = await store();
  // Its transaction never ends in order, as that of a killed process.
  await expect(
    database.transaction(async (tx) => {
      await claimUnrouted(tx, 10);
      throw new Error('killed');
    }),
  ).rejects.toThrow('killed');

  await routeDeliveries(deps());

  expect(await rowOf(id)).toMatchObject({ status: 'routed', attempts: 0 });
  expect(queue.sent).toHaveLength(1);
});

test('a delivery that cannot be routed for a fault of ours is parked with the reason after ten tries, others go on, and it can be replayed', async () => {
  const id = await store();
  const failing = deps({
    findReader: () => {
      throw Object.assign(new TypeError('not for the eyes of users'), { code: 'E_OURS' });
    },
  });
  for (let tries = 1; tries <= 9; tries++) {
    await routeDeliveries(failing);
    await sql`update deliveries set route_after = now() - interval '1 second' where id = ${id}`.execute(database.kysely);
  }
  expect(await rowOf(id)).toMatchObject({ status: 'accepted', attempts: 9, routed_at: null });

  await routeDeliveries(failing);
  const parked = await rowOf(id);
  const other = await store();
  await routeDeliveries(deps());
  await routeAgain(database, [id]);
  await routeDeliveries(deps());

  expect(parked).toMatchObject({ status: 'failed', attempts: 10, routed_at: expect.any(Date) });
  expect(parked.detail).toBe(
    'Routing failed 10 times inside the service (TypeError E_OURS), so it is not tried any more. It can be replayed.',
  );
  expect(await rowOf(other)).toMatchObject({ status: 'routed' });
  expect(await rowOf(id)).toMatchObject({ status: 'routed', detail: null });
});
