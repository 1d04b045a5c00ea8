import { describe, expect, test } from 'vitest';
import { waitMs } from '#providers/wait.ts';

const NOW = new Date('2026-11-25T10:00:00Z');
const said = (more: Partial<Parameters<typeof waitMs>[0]>) =>
  waitMs({ retryAfter: undefined, resetAt: undefined, date: NOW.toUTCString(), ...more }, NOW);

describe('Retry-After', () => {
  test.each([
    ['seconds', '30', 30_000],
    ['a date', 'Wed, 25 Nov 2026 10:00:30 GMT', 30_000],
    ['0', '0', 1_000],
    ['a negative number', '-5', 1_000],
    ['a date that is over', 'Wed, 25 Nov 2026 09:00:00 GMT', 1_000],
    ['days', '999999', 3_600_000],
    ['a date next year', 'Thu, 25 Nov 2027 10:00:00 GMT', 3_600_000],
    ['a number without end', '9'.repeat(400), 60_000],
    ['nonsense', 'soon', 60_000],
    ['nothing', '', 60_000],
  ])('that is %s is kept within 1 s and 1 h', (_what, retryAfter, ms) => {
    expect(said({ retryAfter })).toBe(ms);
  });

  test('that makes no sense leaves it to the time at which the count starts anew', () => {
    expect(said({ retryAfter: 'soon', resetAt: String(NOW.getTime() / 1_000 + 90) })).toBe(90_000);
  });
});

describe('the provider’s clock', () => {
  test.each([
    ['ten minutes before ours', -600],
    ['ten minutes after ours', 600],
    ['an hour before ours', -3_600],
  ])('decides when it is %s', (_what, seconds) => {
    const theirs = new Date(NOW.getTime() + seconds * 1_000);
    const date = theirs.toUTCString();

    expect(said({ date, resetAt: String(theirs.getTime() / 1_000 + 120) })).toBe(120_000);
    expect(said({ date, retryAfter: new Date(theirs.getTime() + 45_000).toUTCString() })).toBe(45_000);
  });

  test('is ours where an answer does not tell it', () => {
    expect(said({ date: undefined, resetAt: String(NOW.getTime() / 1_000 + 120) })).toBe(120_000);
  });
});
