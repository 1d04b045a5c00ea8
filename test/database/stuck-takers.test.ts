import { pino } from 'pino';
import { v7 as newId } from 'uuid';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Database } from '#db/database.ts';
import type { Failure } from '#domain/failure.ts';
import type { Queue } from '#queue/boss.ts';
import { openQueue } from '#queue/boss.ts';
import { openTestDatabase } from '#test/support/database.ts';
import { IDLE_HANDLERS } from '#test/support/idle-handlers.ts';
import { TEST_SERVER_URL } from '#test/support/test-server.ts';
import { untilTrue } from '#test/support/until.ts';

/** On PostgreSQL only: embedded, the queue has no connections of its own, and what silences it silences everything. */
describe.skipIf(TEST_SERVER_URL === undefined)('a queue whose database calls never come back', () => {
  let database: Database;
  let queue: Queue;
  let isSilent: boolean;
  let isBroken: boolean;
  let isAway: boolean;
  let given: Failure[];
  let entries: string[];
  beforeEach(async () => {
    database = await openTestDatabase();
    [isSilent, isBroken, isAway, given, entries] = [false, false, false, [], []];
    queue = await openQueue({
      database: silenced(database),
      log: pino({ level: 'warn' }, { write: (line: string) => void entries.push(line) }),
      redact: (text) => text,
      migrate: true,
      supervise: false,
      giveUp: (failure) => given.push(failure),
      stuckAfterMs: 600,
    });
    await queue.work(IDLE_HANDLERS, 2);
  });
  afterEach(async () => {
    [isSilent, isBroken, isAway] = [false, false, false];
    await queue.stop(1_000);
    await database.close();
  });

  /** What vanishes is answered at the end of the test, so that nothing of it is left. */
  const heard = (): Promise<void> => untilTrue('the queue to be heard again', () => !isSilent, { withinMs: 600_000 });

  /** The same database, until its queue's calls vanish, or it cannot be asked either. */
  function silenced(real: Database): Database {
    const { boss } = real;
    if (boss.kind === 'embedded') return real;
    const open: typeof boss.open = () => {
      const pool = boss.open();
      return {
        ...pool,
        executeSql: async (text, values) => {
          if (isBroken) throw new Error('timeout exceeded when trying to connect');
          await heard();
          return pool.executeSql(text, values);
        },
      };
    };
    const prepared: Database['prepared'] = async (statement, values) => {
      if (isAway) throw new Error('connect ECONNREFUSED');
      return real.prepared(statement, values);
    };
    return { ...real, prepared, boss: { ...boss, open } };
  }

  const send = () => database.transaction((tx) => queue.send(tx, 'send-report', { reportId: newId() }));

  test('is given up when a job waits for it, and says of which kind', async () => {
    isSilent = true;
    await send();

    await untilTrue('the queue to be given up', () => given.length > 0);

    expect(given[0]).toMatchObject({ code: 'WORKER_STUCK' });
    expect(given[0]?.message).toContain('send-report');
  });

  test('is given up when it has no connection left because of such, though every call says so', async () => {
    isBroken = true;
    await send();

    await untilTrue('the queue to be given up', () => given.length > 0);

    expect(given[0]).toMatchObject({ code: 'WORKER_STUCK' });
  });

  test('is not given up while the database cannot say what waits, and that is logged', async () => {
    [isSilent, isAway] = [true, true];
    await send();

    await untilTrue('the watch to ask in vain', () => entries.filter((line) => line.includes('takers stand still')).length >= 3);

    expect(given).toEqual([]);
    isAway = false;
    await untilTrue('the queue to be given up', () => given.length > 0);
  });
});
