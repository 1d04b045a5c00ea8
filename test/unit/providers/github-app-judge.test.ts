import { expect, test } from 'vitest';
import { judge } from '#providers/github/app/judge.ts';

test('what the account granted is verified, since GitHub tells it', () => {
  const { capabilities, missing, reason } = judge(
    { metadata: 'read', contents: 'read', checks: 'write', pull_requests: 'write' },
    undefined,
  );

  expect(Object.entries(capabilities).map(([name, { state }]) => `${name} ${state}`)).toEqual([
    'read verified',
    'webhooks verified',
    'statuses verified',
    'comments verified',
    'push denied',
  ]);
  expect(missing).toEqual([]);
  expect(reason).toBeUndefined();
});

test('what it did not grant is missing in the words of its page, with the page; pushing counts for nobody who only reads', () => {
  const { missing, reason } = judge({ metadata: 'read' }, 'https://github.com/organizations/acme/settings/installations/1');

  expect(missing.map(({ permission }) => permission)).toEqual([
    'Contents: Read-only',
    'Checks: Read and write',
    'Pull requests: Read and write',
  ]);
  expect(missing[0]?.fix_url).toBe('https://github.com/organizations/acme/settings/installations/1');
  expect(reason).toBe('permission_missing');
});

test.each([{ statuses: 'write' }, { checks: 'write' }])('%o is enough to show a result on a commit; reading is not', (granted) => {
  expect(judge(granted, undefined).capabilities.statuses.state).toBe('verified');
  expect(judge({ statuses: 'read', checks: 'read' }, undefined).capabilities.statuses.state).toBe('denied');
});

test('a permission that is named like a part of every object is none', () => {
  expect(judge({ constructor: 'write' }, undefined).capabilities.read.state).toBe('denied');
});
