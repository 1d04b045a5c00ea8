import { beforeEach, expect, test } from 'vitest';
import type { AwaitRemote, Places } from '#sync/places.ts';
import { createPlaces } from '#sync/places.ts';

const PLACES = 2;
const MOST_AWAY = 6;

interface Asking {
  /** Resolves when the run is at its remote. */
  readonly isThere: Promise<void>;
  readonly answer: () => void;
  readonly fail: (error: Error) => void;
  /** Resolves when the run has its answer and a place again. */
  readonly isBack: Promise<void>;
  readonly work: (awaitRemote: AwaitRemote) => Promise<void>;
}

let places: Places;
let left: string[];
beforeEach(() => {
  left = [];
  places = createPlaces({ places: PLACES, mostAway: MOST_AWAY, patienceMs: 1, left: (host) => left.push(host) });
});

/** A run whose remote answers when it is told to, and which then works until `end`. */
function asking(end: Promise<void> = Promise.resolve()): Asking {
  const there = Promise.withResolvers<void>();
  const remote = Promise.withResolvers<void>();
  const back = Promise.withResolvers<void>();
  return {
    isThere: there.promise,
    answer: remote.resolve,
    fail: remote.reject,
    isBack: back.promise,
    work: async (awaitRemote) => {
      await awaitRemote(() => {
        there.resolve();
        return remote.promise;
      });
      back.resolve();
      await end;
    },
  };
}

test('a run whose remote keeps it waiting gives up its place, and the next ones work', async () => {
  const hanging = [asking(), asking()];
  for (const { work } of hanging) await places.take('dead', work);

  await places.take('alive', async () => undefined);

  expect(places.room('dead')).toBe(0);
  for (const { answer } of hanging) answer();
  await places.settled(10_000);
  expect(places.room('dead')).toBe(PLACES);
});

test('a host has no more runs than there are places, and each that leaves makes room', async () => {
  const hanging = [asking(), asking()];
  for (const { work } of hanging) await places.take('dead', work);

  expect(places.take('dead', async () => undefined)).toBeUndefined();
  hanging[0]?.answer();
  await hanging[0]?.isBack;

  expect(left).toEqual(['dead']);
  expect(places.room('dead')).toBe(1);
  hanging[1]?.answer();
});

test('many hosts that hang leave room for every one that comes', async () => {
  const taken: number[] = [];
  for (const host of ['a', 'b', 'c', 'd']) {
    for (;;) {
      const taking = places.take(host, asking().work);
      if (taking === undefined) break;
      await taking;
      taken.push(taken.length);
    }
  }

  expect(taken.length).toBeLessThanOrEqual(MOST_AWAY);
  expect(places.room('healthy')).toBeGreaterThan(0);
  await expect(places.take('healthy', async () => undefined)).resolves.toBeUndefined();
});

test('a run that has its answer works only when a place is free', async () => {
  const away = asking();
  await places.take('slow', away.work);
  const ends = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const working = ends.map(async ({ promise }) => places.take('alive', () => promise));
  let isBack = false;
  void away.isBack.then(() => (isBack = true));

  away.answer();
  await new Promise((resolve) => setImmediate(resolve));
  expect(isBack).toBe(false);
  ends[0]?.resolve();
  await away.isBack;

  expect(isBack).toBe(true);
  ends[1]?.resolve();
  await Promise.all(working);
});

test('a remote that refuses makes room as one that answers does, and what its run throws is thrown', async () => {
  const refused = asking();
  const taking = createPlaces({ places: 1, mostAway: 1, patienceMs: 60_000, left: (host) => left.push(host) }).take(
    'refusing',
    refused.work,
  );
  await refused.isThere;

  refused.fail(new Error('refused'));

  await expect(taking).rejects.toThrow('refused');
  expect(left).toEqual(['refusing']);
});
