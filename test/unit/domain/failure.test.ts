import { expect, test } from 'vitest';
import { Failure, toFailure } from '#domain/failure.ts';

function coded(code: string, cause?: unknown): Error {
  return Object.assign(new Error('it failed with a secret in its text', { cause }), { code });
}

test.each([
  ['40001', 'DATABASE_CONFLICT', 'conflict'],
  ['40P01', 'DATABASE_CONFLICT', 'conflict'],
  ['55P03', 'DATABASE_CONFLICT', 'conflict'],
  ['57P01', 'DATABASE_UNAVAILABLE', 'transient'],
  ['08006', 'DATABASE_UNAVAILABLE', 'transient'],
  ['25006', 'DATABASE_UNAVAILABLE', 'transient'],
  ['ECONNREFUSED', 'DATABASE_UNAVAILABLE', 'transient'],
  ['53100', 'STORAGE_FULL', 'storage'],
  ['53300', 'STORAGE_FULL', 'storage'],
  ['ENOSPC', 'STORAGE_FULL', 'storage'],
  ['EDQUOT', 'STORAGE_FULL', 'storage'],
  ['EMFILE', 'STORAGE_FULL', 'storage'],
  ['23505', 'INTERNAL', 'internal'],
  ['constructor', 'INTERNAL', 'internal'],
])('an error with the code %s is %s, of the class %s', (code, expected, retryClass) => {
  const failure = toFailure(coded(code));

  expect(failure).toMatchObject({ code: expected, retryClass });
  expect(failure.message).not.toContain('secret');
});

test.each([
  'Connection terminated unexpectedly',
  'timeout exceeded when trying to connect',
  'The database does not answer on this connection.',
])('a connection that says "%s" without a code is a database that is away', (message) => {
  expect(toFailure(new Error('a query failed', { cause: new Error(message) })).code).toBe('DATABASE_UNAVAILABLE');
});

test('what lies below decides, as far as it is looked for', () => {
  expect(toFailure(new Error('outer', { cause: coded('40P01') })).code).toBe('DATABASE_CONFLICT');
  const circle = new Error('circle');
  circle.cause = circle;
  expect(toFailure(circle).code).toBe('INTERNAL');
  expect(toFailure('a text').code).toBe('INTERNAL');
});

test('a failure stays the one it is', () => {
  const failure = new Failure('AUTH_FAILED', { message: 'm', cause: coded('ENOSPC') });

  expect(toFailure(failure)).toBe(failure);
});
