import type { PgBoss } from 'pg-boss';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createTakerWaker } from '#queue/wake.ts';

type Taker = ReturnType<PgBoss['getWipData']>[number];

let takers: readonly Pick<Taker, 'id' | 'name' | 'count' | 'state'>[];
let woken: string[];
const waker = createTakerWaker();
beforeEach(() => {
  woken = [];
  const boss: Pick<PgBoss, 'getWipData' | 'notifyWorker'> = {
    getWipData: () => takers.map((taker) => ({ ...BLANK, ...taker })),
    notifyWorker: (id) => woken.push(id),
  };
  waker.attach(boss);
});

afterEach(() => {
  vi.useRealTimers();
});

const BLANK = {
  workId: 'w',
  options: {},
  createdOn: 0,
  lastFetchedOn: null,
  lastJobStartedOn: null,
  lastJobEndedOn: null,
  lastJobDuration: null,
  lastError: null,
  lastErrorOn: null,
};
const busy = { name: 'sync', count: 1, state: 'active' } as const;
const idle = { name: 'sync', count: 0, state: 'active' } as const;

test('a job wakes one idle taker of its queue', () => {
  takers = [
    { id: 'other', ...idle, name: 'report' },
    { id: 'a', ...busy },
    { id: 'b', ...idle },
    { id: 'c', ...idle },
  ];

  waker.wake('sync');

  expect(woken).toEqual(['b']);
});

test('where all are busy, each is told to look again when it is done', () => {
  takers = [
    { id: 'a', ...busy },
    { id: 'b', ...busy },
  ];

  waker.wake('sync');

  expect(woken).toEqual(['a', 'b']);
});

test('one that stops is not relied on', () => {
  takers = [
    { id: 'a', ...idle, state: 'stopping' },
    { id: 'b', ...idle },
  ];

  waker.wake('sync');

  expect(woken).toEqual(['b']);
});

test('what pg-boss is notified of comes here, and its reconnections stay its own', async () => {
  takers = [{ id: 'a', ...idle }];
  const heard: ((payload: string) => void)[] = [];
  const reconnections: (() => void)[] = [];
  const database = waker.wrap({
    executeSql: async () => ({ rows: [] }),
    listen: async (_channel, onNotification, onReconnect) => {
      heard.push(onNotification);
      reconnections.push(onReconnect);
      return { close: async () => undefined };
    },
  });
  let wokenByPgBoss = 0;
  let reconnected = 0;
  await database.listen?.(
    'jobs',
    () => wokenByPgBoss++,
    () => reconnected++,
  );

  heard[0]?.('sync');
  reconnections[0]?.();

  expect([woken, wokenByPgBoss, reconnected]).toEqual([['a'], 0, 1]);
});

test('who sends a job that is due soon wakes a taker then, not before', () => {
  vi.useFakeTimers();
  takers = [{ id: 'a', ...idle }];

  waker.wakeIn('sync', 1_000);

  vi.advanceTimersByTime(1_000);
  expect(woken).toEqual([]);
  vi.advanceTimersByTime(10);
  expect(woken).toEqual(['a']);
});

test('what is due in an hour is left to the poll', () => {
  vi.useFakeTimers();
  takers = [{ id: 'a', ...idle }];

  waker.wakeIn('sync', 3_600_000);

  expect(vi.getTimerCount()).toBe(0);
});
