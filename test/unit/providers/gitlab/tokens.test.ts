import { expect, test } from 'vitest';
import { judgeScopes } from '#providers/gitlab/judge-token.ts';
import type { Sight } from '#providers/gitlab/judge-token.ts';

const URL_OF = 'https://gitlab.example.com';
const at = (level: number | undefined, isPrivate = true): Sight => ({ is: 'seen', fullName: 'acme/net', isPrivate, level });
const judge = (scopes: readonly string[], sight: Sight) => judgeScopes(scopes, { kind: 'personal', sight, git: {}, url: URL_OF });
const states = (scopes: readonly string[], sight: Sight) => Object.values(judge(scopes, sight).capabilities).map(({ state }) => state[0]);

// read, webhooks, statuses, comments, push; by their first letters.
test.each([
  ['Owner', 50, 'vvvvv'],
  ['Maintainer', 40, 'vvvvv'],
  ['Developer', 30, 'vdvvv'],
  ['Security Manager', 25, 'vddvd'],
  ['Reporter', 20, 'vddvd'],
  ['Planner', 15, 'ddddd'],
  ['Guest', 10, 'ddddd'],
  ['no member', 0, 'ddddd'],
])('with the scope api the role %s (%i) in a private project is good for %s', (_role, level, letters) => {
  expect(states(['api'], at(level)).join('')).toBe(letters);
});

test('a public project says nothing of who may read it', () => {
  expect(states(['api'], at(0, false)).join('')).toBe('iddpd');
});

test.each([
  ['the role is not told', at(undefined)],
  ['no project was seen', { is: 'none' } as const],
])('where %s nothing is verified and nothing denied', (_what, sight) => {
  expect(states(['api'], sight).join('')).toBe('ppppp');
});

test('a project that is hidden denies reading it and says nothing else', () => {
  const { capabilities, reason } = judge(['api'], { is: 'hidden', fullName: 'acme/net' });

  expect(Object.values(capabilities).map(({ state }) => state)).toEqual([
    'denied',
    'inconclusive',
    'inconclusive',
    'inconclusive',
    'inconclusive',
  ]);
  expect(reason).toBe('repository_not_visible');
});

test('a scope that is missing for several things is named once', () => {
  const { missing } = judge(['read_repository'], at(40));

  expect(missing.map(({ permission }) => permission)).toEqual(['Scope api', 'Scope write_repository']);
});
