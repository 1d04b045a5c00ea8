import { describe, expect, test } from 'vitest';
import type { Known } from '#poll/decide.ts';
import { decide } from '#poll/decide.ts';

const ONE = '1'.repeat(40);
const TWO = '2'.repeat(40);
const known = (more: Partial<Known> = {}): Known => ({
  defaultBranch: undefined,
  commit: ONE,
  errorCode: undefined,
  retryWaits: false,
  failures: 0,
  asked: null,
  ...more,
});
const at = (commit: string) => ({ is: 'at', commit }) as const;
const absent = { is: 'absent' } as const;
const quiet = { ask: false };

describe('a ref that is where the last run saw it', () => {
  test('calls for nothing, whether the content was good or not', () => {
    expect(decide(at(ONE), known())).toEqual(quiet);
    expect(decide(at(ONE), known({ errorCode: 'CONTENT_INVALID' }))).toEqual(quiet);
    expect(decide(at(ONE), known({ errorCode: 'TOO_LARGE' }))).toEqual(quiet);
  });

  test.each(['AUTH_FAILED', 'REPO_GONE', 'BRANCH_DELETED', 'TLS_UNTRUSTED'])(
    'is tried again when the last run ended with %s',
    (errorCode) => {
      expect(decide(at(ONE), known({ errorCode, asked: ONE }))).toEqual({ ask: true, seen: ONE, trial: true });
    },
  );

  test('ends the wait of a run that failed, when looks had failed too', () => {
    expect(decide(at(ONE), known({ retryWaits: true, failures: 2 }))).toEqual({ ask: true, seen: ONE, trial: true });
    expect(decide(at(ONE), known({ retryWaits: true, errorCode: 'CONNECTION_FAILED' }))).toEqual(quiet);
  });

  test('takes up a run again that was given up because the server did not answer', () => {
    expect(decide(at(ONE), known({ errorCode: 'CONNECTION_FAILED' }))).toMatchObject({ ask: true, trial: true });
  });
});

describe('a ref that moved', () => {
  test('calls for a sync', () => {
    expect(decide(at(TWO), known())).toEqual({ ask: true, seen: TWO, trial: false });
    expect(decide(at(TWO), known({ commit: null }))).toEqual({ ask: true, seen: TWO, trial: false });
  });

  test('is asked for once, though the run did not come so far as to look at the commit', () => {
    expect(decide(at(TWO), known({ asked: TWO, errorCode: 'TOO_LARGE' }))).toEqual(quiet);
  });
});

describe('a ref that is not there', () => {
  test('calls for a run that says so, once', () => {
    expect(decide(absent, known())).toEqual({ ask: true, seen: 'absent', trial: false });
    expect(decide(absent, known({ asked: 'absent' }))).toEqual(quiet);
    expect(decide(absent, known({ errorCode: 'BRANCH_DELETED' }))).toEqual(quiet);
  });

  test('and is there again at the same commit calls for a sync', () => {
    expect(decide(at(ONE), known({ errorCode: 'BRANCH_DELETED' }))).toMatchObject({ ask: true });
  });
});

describe('a default branch that is not there', () => {
  const gone = { is: 'absent', head: 'refs/heads/trunk' } as const;

  test('calls for a run that follows the new one, also when an earlier run found none, and once', () => {
    const calls = { ask: true, seen: 'refs/heads/trunk', trial: false };
    expect(decide(gone, known({ defaultBranch: 'main' }))).toEqual(calls);
    expect(decide(gone, known({ defaultBranch: 'main', errorCode: 'BRANCH_DELETED', asked: 'absent' }))).toEqual(calls);
    expect(decide(gone, known({ defaultBranch: 'main', errorCode: 'BRANCH_DELETED', asked: 'refs/heads/trunk' }))).toEqual(quiet);
  });

  test('is no reason to leave another branch', () => {
    expect(decide(gone, known({ errorCode: 'BRANCH_DELETED' }))).toEqual(quiet);
    expect(decide({ is: 'absent', head: 'refs/heads/main' }, known({ defaultBranch: 'main', errorCode: 'BRANCH_DELETED' }))).toEqual(quiet);
  });
});

test('a commit that is followed moves nowhere', () => {
  expect(decide({ is: 'a-commit' }, known())).toEqual(quiet);
});
