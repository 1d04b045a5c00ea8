import { expect, test } from 'vitest';
import { LOOK_WITHIN_MS, backOffMs, createPace, delayMs } from '#poll/pace.ts';

const first = (): number => 0;
const last = (): number => 0.999_999;

test('with the default interval a remote is looked at within 20 s, and within 120 s where a hook delivers, with time left for the sync', () => {
  const pace = createPace(20_000);

  expect([delayMs(pace.baseMs, first), delayMs(pace.baseMs, last)]).toEqual([14_000, 18_000]);
  expect([delayMs(pace.relaxedMs, first), delayMs(pace.relaxedMs, last)]).toEqual([84_000, 108_000]);
});

test('two looks at one repository do not overlap: the earliest next one is after the longest that a look may take', () => {
  expect(delayMs(createPace(20_000).baseMs, first)).toBeGreaterThan(LOOK_WITHIN_MS);
});

test('an interval longer than 120 s is kept where a hook delivers, too', () => {
  expect(createPace(600_000)).toEqual({ baseMs: 600_000, relaxedMs: 600_000 });
});

test('looks that fail grow rarer, and never rarer than every 300 s', () => {
  const delays = [1, 2, 3, 4, 5, 50, 5_000].map((failures) => backOffMs(20_000, failures, last));

  expect(delays).toEqual([36_000, 72_000, 144_000, 270_000, 270_000, 270_000, 270_000]);
  expect(backOffMs(20_000, 4, first)).toBe(210_000);
});
