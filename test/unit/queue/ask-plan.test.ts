import { expect, test } from 'vitest';
import type { Standing } from '#queue/ask-plan.ts';
import { planAsk } from '#queue/ask-plan.ts';

const STORM = { runs: 60, sinceMs: 1_000 };
const CALM = { runs: 1, sinceMs: 1_000 };
const rest: Standing = { isUnderWay: false, isPending: false, isPendingCalm: false, waitsMs: undefined, calm: CALM };
const waitsForMore: Standing = { ...rest, isPending: true, isPendingCalm: true, waitsMs: 2_000, calm: STORM };
const waitsForRetry: Standing = { ...rest, isPending: true, waitsMs: 60_000 };
const PEOPLE = ['registered', 'changed', 'asked'] as const;

test('a push to a repository at rest begins at once, and in a storm when there was time for others', () => {
  expect(planAsk(rest, 'webhook')).toEqual({ waitMs: 0, send: true, isPendingCalm: true });
  expect(planAsk({ ...rest, calm: STORM }, 'webhook')).toEqual({ waitMs: 3_000, send: true, isPendingCalm: true });
});

test.each([...PEOPLE, 'poll'] as const)('what is %s begins at once in any storm where nothing waits', (reason) => {
  expect(planAsk({ ...rest, calm: STORM }, reason)).toEqual({ waitMs: 0, send: true, isPendingCalm: false });
});

test.each(PEOPLE)('what is %s takes along at once what waits for more pushes', (reason) => {
  expect(planAsk(waitsForMore, reason)).toEqual({ waitMs: 0, send: true, isPendingCalm: false });
});

test.each(['webhook', 'poll'] as const)('a %s joins what waits for more pushes, and changes nothing', (reason) => {
  expect(planAsk(waitsForMore, reason)).toEqual({ waitMs: undefined, send: false, isPendingCalm: true });
});

test.each(['webhook', 'poll', ...PEOPLE] as const)('a %s ends the wait of a run that is to be repeated', (reason) => {
  expect(planAsk(waitsForRetry, reason)).toEqual({ waitMs: 0, send: true, isPendingCalm: reason === 'webhook' });
});

test('in a storm a push makes a run that is to be repeated wait for more pushes, never for longer than it would have', () => {
  expect(planAsk({ ...waitsForRetry, calm: STORM }, 'webhook')).toEqual({ waitMs: 3_000, send: true, isPendingCalm: true });
  expect(planAsk({ ...waitsForRetry, waitsMs: 500, calm: STORM }, 'webhook')).toEqual({
    waitMs: undefined,
    send: false,
    isPendingCalm: true,
  });
});

test('what somebody wants stays without a wait when a push joins it', () => {
  const wanted = { ...rest, isPending: true, calm: STORM };

  expect(planAsk(wanted, 'webhook')).toEqual({ waitMs: undefined, send: false, isPendingCalm: false });
  expect(planAsk({ ...wanted, isUnderWay: true }, 'webhook')).toMatchObject({ send: false, isPendingCalm: false });
});

test('while a run is under way nothing is sent, and what waits behind it is calm as long as only webhooks ask', () => {
  const underWay = { ...rest, isUnderWay: true, calm: STORM };

  expect(planAsk(underWay, 'webhook')).toEqual({ waitMs: 0, send: false, isPendingCalm: true });
  expect(planAsk({ ...underWay, isPending: true, isPendingCalm: true }, 'poll')).toMatchObject({ send: false, isPendingCalm: true });
  expect(planAsk({ ...underWay, isPending: true, isPendingCalm: true }, 'asked')).toMatchObject({ send: false, isPendingCalm: false });
});
