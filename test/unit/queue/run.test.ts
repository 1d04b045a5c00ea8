import { pino } from 'pino';
import { expect, test } from 'vitest';
import { Failure } from '#domain/failure.ts';
import { retryAfterMs, retryDelayMs, runJob } from '#queue/run.ts';

const log = pino({ level: 'silent' });
const outcomeOf = (error: unknown) =>
  runJob(
    log,
    (text) => text.replaceAll('hunter2', '***'),
    async () => {
      throw error;
    },
  );

test('a failure that a person must mend ends the job', async () => {
  expect(await outcomeOf(new Failure('PERM_MISSING', { message: 'm' }))).toEqual({ kind: 'done' });
});

test('a failure that says when is put off until then', async () => {
  expect(await outcomeOf(new Failure('RATE_LIMITED', { message: 'm', retryAfterMs: 1_234 }))).toEqual({ kind: 'later', afterMs: 1_234 });
});

test('anything nobody expected is tried again, and its text stays out of the queue', async () => {
  const outcome = await outcomeOf(new Error('secret token ghp_x in a message'));

  expect(outcome.kind).toBe('again');
  expect(JSON.stringify(outcome)).not.toContain('ghp_x');
});

test('a secret in a failure stays out of the queue, which keeps what it is told', async () => {
  const outcome = await outcomeOf(new Failure('PROVIDER_FAILED', { message: 'the provider quotes hunter2' }));

  expect(outcome).toEqual({ kind: 'again', reason: 'PROVIDER_FAILED: the provider quotes ***' });
});

test('retries back off from a second to five minutes and never come at once', () => {
  expect(retryDelayMs(0, () => 0)).toBe(500);
  expect(retryDelayMs(0, () => 1)).toBe(1_000);
  expect(retryDelayMs(50, () => 1)).toBe(300_000);
  expect(retryDelayMs(50, () => 0)).toBe(150_000);
});

test('what nobody is to blame for is tried ten times, then it is kept as failed', () => {
  const failure = new Failure('CONNECTION_FAILED', { message: 'm' });

  expect(retryAfterMs(failure, 0, () => 1)).toBe(1_000);
  expect(retryAfterMs(failure, 8, () => 1)).toBe(256_000);
  expect(retryAfterMs(failure, 9)).toBeUndefined();
});

test('what runs out of space is tried until there is some, never more often than every half minute', () => {
  const failure = new Failure('STORAGE_FULL', { message: 'm' });

  expect(retryAfterMs(failure, 0, () => 1)).toBe(32_000);
  expect(retryAfterMs(failure, 1_000, () => 1)).toBe(300_000);
});

test('what the other side put off waits as long as it said, however often', () => {
  expect(retryAfterMs(new Failure('RATE_LIMITED', { message: 'm', retryAfterMs: 1_234 }), 50)).toBe(1_234);
  expect(retryAfterMs(new Failure('RATE_LIMITED', { message: 'm' }), 0, () => 1)).toBe(64_000);
});

test('what only a person or a push can change is not tried again', () => {
  for (const code of ['AUTH_FAILED', 'CONTENT_INVALID', 'POLICY_DENIED', 'GIT_UNUSABLE', 'POISONED', 'SUPERSEDED'] as const)
    expect(retryAfterMs(new Failure(code, { message: 'm' }), 0)).toBeUndefined();
});
