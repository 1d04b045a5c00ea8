import { pino } from 'pino';
import { v7 as newId } from 'uuid';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Database } from '#db/database.ts';
import type { Queue } from '#queue/boss.ts';
import { openQueue } from '#queue/boss.ts';
import { openTestDatabase } from '#test/support/database.ts';
import { IDLE_HANDLERS } from '#test/support/idle-handlers.ts';

const TAKERS = 5;
let database: Database;
let queue: Queue;
beforeEach(async () => {
  database = await openTestDatabase();
  queue = await openQueue({ database, log: pino({ level: 'silent' }), redact: (text) => text, migrate: true, supervise: true });
});
afterEach(async () => {
  await queue.stop(1_000);
  await database.close();
});

const send = (count: number) =>
  database.transaction(async (tx) => {
    for (let at = 0; at < count; at++) await queue.send(tx, 'send-report', { reportId: newId() });
  });

test('jobs that are announced together run together, as many as there are takers', async () => {
  const all = Promise.withResolvers<void>();
  let running = 0;
  const together = async (): Promise<void> => {
    if (++running === TAKERS) all.resolve();
    await all.promise;
  };
  await queue.work({ ...IDLE_HANDLERS, 'send-report': together }, TAKERS);

  await send(TAKERS);

  await expect(all.promise).resolves.toBeUndefined();
});

test('jobs that come while every taker is busy are all done after', async () => {
  const firstAre = Promise.withResolvers<void>();
  const release = Promise.withResolvers<void>();
  const lastIs = Promise.withResolvers<void>();
  const done = new Set<string>();
  let running = 0;
  await queue.work(
    {
      ...IDLE_HANDLERS,
      'send-report': async ({ reportId }) => {
        if (++running === TAKERS) firstAre.resolve();
        await release.promise;
        done.add(reportId);
        if (done.size === 3 * TAKERS) lastIs.resolve();
      },
    },
    TAKERS,
  );
  await send(TAKERS);
  await firstAre.promise;

  await send(2 * TAKERS);
  release.resolve();
  await lastIs.promise;

  expect(done.size).toBe(3 * TAKERS);
});
