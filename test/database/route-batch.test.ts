import type { KyselyPlugin } from 'kysely';
import { v7 as newId } from 'uuid';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Database } from '#db/database.ts';
import { NO_METERS } from '#domain/meters.ts';
import { NO_TRACING } from '#domain/trace.ts';
import { routeDeliveries } from '#inbox/route.ts';
import { findProvider } from '#providers/registry.ts';
import { openTestDatabase } from '#test/support/database.ts';
import { pushBody } from '#test/support/flood.ts';
import { createRecordingQueue } from '#test/support/recording-queue.ts';
import { seedHook, seedOrganization, seedRepository } from '#test/support/seed.ts';

const DELIVERIES = 90;
/** A handful for the batch and a handful for the ask; three for each delivery would be hundreds. */
const MOST_STATEMENTS = 20;

let database: Database;
beforeAll(async () => {
  database = await openTestDatabase();
});
afterAll(() => database.close());

/** The database, and how many statements its transactions took. */
function counting(): { readonly counted: Database; readonly statements: () => number } {
  let statements = 0;
  const plugin: KyselyPlugin = {
    transformQuery: ({ node }) => {
      statements++;
      return node;
    },
    transformResult: async ({ result }) => result,
  };
  const counted: Database = {
    ...database,
    transaction: (work) => database.transaction((tx) => work({ ...tx, kysely: tx.kysely.withPlugin(plugin) })),
  };
  return { counted, statements: () => statements };
}

test('a batch of deliveries is one ask that stands for all of them, with few statements, since it keeps the repository locked until the end', async () => {
  const { organizationId } = await seedOrganization(database);
  const repositoryId = await seedRepository(database, organizationId);
  const hookId = await seedHook(database, organizationId, repositoryId);
  const body = Buffer.from(pushBody({ repositoryId: 1, fullName: 'acme/net', before: 'a'.repeat(40), after: 'b'.repeat(40) }));
  for (let number = 0; number < DELIVERIES; number++) {
    await database.kysely
      .insertInto('deliveries')
      .values({
        id: newId(),
        organization_id: organizationId,
        hook_id: hookId,
        provider: 'github',
        delivery_key: `key-${number}`,
        event: 'push',
        headers: JSON.stringify({ 'x-github-event': 'push', 'x-github-delivery': `key-${number}` }),
        body,
        body_hash: Buffer.from('hash'),
      })
      .execute();
  }
  const queue = createRecordingQueue();
  const { counted, statements } = counting();

  const routed = await routeDeliveries({
    database: counted,
    queue,
    log: pino({ level: 'silent' }),
    findReader: (provider) => findProvider(provider)?.webhooks,
    tracing: NO_TRACING,
    meters: NO_METERS,
  });

  expect(routed).toBe(DELIVERIES);
  expect(queue.sent).toHaveLength(1);
  const { wanted } = await database.kysely
    .selectFrom('repositories')
    .select('wanted')
    .where('id', '=', repositoryId)
    .executeTakeFirstOrThrow();
  expect(wanted).toBe(DELIVERIES);
  expect(statements()).toBeLessThan(MOST_STATEMENTS);
  const rows = await database.kysely.selectFrom('deliveries').select(['status', 'job_result_ids']).where('hook_id', '=', hookId).execute();
  expect(new Set(rows.map(({ status, job_result_ids: ids }) => `${status} ${ids.length}`))).toEqual(new Set(['routed 1']));
});
