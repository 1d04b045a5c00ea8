import { sql } from 'kysely';
import { pino } from 'pino';
import { afterAll, expect, test } from 'vitest';
import type { Database } from '#db/database.ts';
import { openPostgres } from '#db/postgres.ts';
import { openScope } from '#test/support/scope.ts';
import type { TcpProxy } from '#test/support/tcp-proxy.ts';
import { startTcpProxy } from '#test/support/tcp-proxy.ts';
import { TEST_SERVER_URL } from '#test/support/test-server.ts';
import { untilTrue } from '#test/support/until.ts';

const scope = openScope();
afterAll(() => scope.close());

async function openThroughProxy(): Promise<{ readonly database: Database; readonly proxy: TcpProxy }> {
  const url = new URL(TEST_SERVER_URL ?? '');
  const proxy = await startTcpProxy(scope, { host: url.hostname, port: Number(url.port) });
  url.port = String(proxy.port);
  const database = openPostgres({ url: url.href, maxConnections: 2, log: pino({ level: 'silent' }), quietMs: 400 });
  scope.defer(() => database.close());
  return { database, proxy };
}

const one = sql`select 1 as one`;

test.runIf(TEST_SERVER_URL !== undefined)(
  'queries on connections that went silent fail, and the next ones get new connections',
  async () => {
    const { database, proxy } = await openThroughProxy();
    await Promise.all([one.execute(database.kysely), one.execute(database.kysely)]);
    proxy.setOpen({ silent: true });

    const outcomes = await Promise.allSettled([one.execute(database.kysely), one.execute(database.kysely)]);

    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect((await one.execute(database.kysely)).rows).toEqual([{ one: 1 }]);
  },
);

test.runIf(TEST_SERVER_URL !== undefined)('a transaction whose connection goes silent fails and holds nobody up', async () => {
  const { database, proxy } = await openThroughProxy();

  const cutOff = database.transaction(async (tx) => {
    await one.execute(tx.kysely);
    proxy.setOpen({ silent: true });
    await one.execute(tx.kysely);
  });

  await expect(cutOff).rejects.toThrow();
  await untilTrue('a transaction to go through', () =>
    database.transaction(async (tx) => (await one.execute(tx.kysely)).rows.length === 1),
  );
});

test.runIf(TEST_SERVER_URL !== undefined)('a query that the server is busy with is waited for, however long it is quiet', async () => {
  const { database } = await openThroughProxy();

  const { rows } = await sql`select 1 as one from pg_sleep(2)`.execute(database.kysely);

  expect(rows).toEqual([{ one: 1 }]);
});
