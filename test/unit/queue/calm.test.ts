import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Calm } from '#queue/calm.ts';
import { afterRun, calmWaitMs } from '#queue/calm.ts';

/** The longest that a push may be made to wait for. */
const LONGEST_MS = 4_000;
const fresh = { behind: false };
const behind = { behind: true };

/** Runs of `runMs` each while a push comes every `everyMs`; when each began and what it served, in milliseconds since the first push. */
function simulate(storm: { readonly everyMs: number; readonly forMs: number; readonly runMs: number }): readonly number[] {
  const began: number[] = [];
  let calm: Calm = { runs: 0, sinceMs: undefined };
  let servedUntil = -1;
  const lastPush = Math.floor(storm.forMs / storm.everyMs) * storm.everyMs;
  for (let at = 0; servedUntil < lastPush;) {
    const served = Math.floor(at / storm.everyMs);
    const pushes = served - Math.floor(servedUntil / storm.everyMs);
    calm = { runs: afterRun(calm, pushes), sinceMs: 0 };
    began.push(at);
    servedUntil = Math.min(served * storm.everyMs, lastPush);
    const endedAt = at + storm.runMs;
    const nextPush = servedUntil + storm.everyMs;
    const isBehind = nextPush <= endedAt;
    const sinceMs = Math.max(0, nextPush - endedAt);
    at = Math.max(endedAt, nextPush) + calmWaitMs({ ...calm, sinceMs }, { behind: isBehind });
    calm = { ...calm, sinceMs: at - endedAt };
  }
  return began;
}

test('the first push waits for nothing, and neither does one after a run that served a push alone', () => {
  expect(calmWaitMs({ runs: 0, sinceMs: undefined }, fresh)).toBe(0);
  expect(calmWaitMs({ runs: 1, sinceMs: 0 }, fresh)).toBe(0);
});

test('a push that came while one ran waits a second for others', () => {
  expect(calmWaitMs({ runs: 1, sinceMs: 0 }, behind)).toBe(1_000);
});

test('somebody who pushes, waits for the status and pushes again waits for nothing twenty times, and then a second at most', () => {
  let calm: Calm = { runs: 0, sinceMs: undefined };
  const waits: number[] = [];
  for (let push = 1; push <= 100; push++) {
    waits.push(calmWaitMs(calm, fresh));
    calm = { runs: afterRun(calm, 1), sinceMs: 100 };
  }

  expect(new Set(waits.slice(0, 20))).toEqual(new Set([0]));
  expect(Math.max(...waits)).toBeLessThanOrEqual(1_000);
});

test('a thousand pushes in five seconds are at most five runs', () => {
  expect(simulate({ everyMs: 5, forMs: 5_000, runMs: 200 }).length).toBeLessThanOrEqual(5);
});

test('a storm costs no more than a run every four seconds, however long it lasts', () => {
  const began = simulate({ everyMs: 10, forMs: 600_000, runMs: 200 });

  expect(began.length).toBeLessThanOrEqual(600_000 / LONGEST_MS + 5);
});

test('pushes that come slowly enough to be served alone are a storm too, if there are very many', () => {
  const began = simulate({ everyMs: 400, forMs: 120_000, runMs: 200 });

  expect(began.length).toBeLessThan(60);
});

test('once there was no run for ten seconds it is calm', () => {
  const stormy = afterRun({ runs: 40, sinceMs: 4_000 }, 500);

  expect(calmWaitMs({ runs: stormy, sinceMs: 10_001 }, behind)).toBe(0);
  expect(afterRun({ runs: stormy, sinceMs: 10_001 }, 500)).toBe(1);
});

test('a push delivered twice while its run is under way does not make a storm', () => {
  let calm: Calm = { runs: 0, sinceMs: undefined };
  for (let push = 1; push <= 10; push++) calm = { runs: afterRun(calm, 2), sinceMs: 100 };

  expect(calmWaitMs(calm, fresh)).toBe(0);
});

test('a clock that was set back makes no wait longer', () => {
  expect(calmWaitMs({ runs: 60, sinceMs: -3_600_000 }, fresh)).toBe(LONGEST_MS);
});

test('no history makes a push wait for longer than four seconds', () => {
  const pasts = fc.array(fc.record({ pushes: fc.integer({ min: 0, max: 10_000 }), sinceMs: fc.integer({ min: -1_000, max: 20_000 }) }));
  fc.assert(
    fc.property(pasts, fc.boolean(), (past, isBehind) => {
      let calm: Calm = { runs: 0, sinceMs: undefined };
      for (const { pushes, sinceMs } of past) calm = { runs: afterRun({ ...calm, sinceMs }, pushes), sinceMs };
      const waitMs = calmWaitMs(calm, { behind: isBehind });
      expect(waitMs).toBeGreaterThanOrEqual(0);
      expect(waitMs).toBeLessThanOrEqual(LONGEST_MS);
    }),
  );
});
