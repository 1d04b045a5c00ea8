import { describe, expect, test } from 'vitest';
import { judgeClassic } from '#providers/github/judge-classic.ts';
import { judgeFineGrained } from '#providers/github/judge-fine-grained.ts';
import { expandScopes, kindOf, readExpiry, readScopes } from '#providers/github/token-scopes.ts';

const WEB = 'https://github.example.com';
const seen = (isPrivate: boolean, role?: { readonly admin: boolean; readonly push: boolean }) =>
  ({ is: 'seen', repository: { fullName: 'acme/net', isPrivate, role } }) as const;

test.each([
  ['ghp_0123', 'classic'],
  ['0123456789abcdef0123456789abcdef01234567', 'classic'],
  ['github_pat_11AAAA_bbbb', 'fine-grained'],
  ['ghs_0123', 'app-installation'],
  ['gho_0123', 'unknown'],
  ['ghu_0123', 'unknown'],
  ['anything else', 'unknown'],
])('%s is a token of kind %s', (secret, kind) => {
  expect(kindOf(secret)).toBe(kind);
});

test.each([
  [['repo'], ['repo:status', 'public_repo', 'admin:repo_hook', 'write:repo_hook', 'read:repo_hook']],
  [['admin:repo_hook'], ['write:repo_hook', 'read:repo_hook']],
  [['admin:org'], ['write:org', 'read:org']],
])('%j contains %j', (scopes, implied) => {
  expect([...expandScopes(scopes)]).toEqual(expect.arrayContaining(implied));
});

test('what contains is not contained', () => {
  expect(expandScopes(['read:repo_hook', 'repo:status'])).toEqual(new Set(['read:repo_hook', 'repo:status']));
});

test.each([
  ['repo, read:org', ['repo', 'read:org']],
  ['', []],
  ['repo, <script>', ['repo']],
  [undefined, undefined],
])('the header %j lists the scopes %j', (header, scopes) => {
  expect(readScopes(header)).toEqual(scopes);
});

test.each([
  ['2021-10-07 19:07:53 UTC', '2021-10-07T19:07:53.000Z'],
  ['2021-10-07 19:07:53 +0200', '2021-10-07T17:07:53.000Z'],
  ['2021-10-07 19:07:53 -05:30', '2021-10-08T00:37:53.000Z'],
])('the end %s is %s', (header, iso) => {
  expect(readExpiry(header, true)).toEqual(new Date(iso));
});

test.each([
  ['soon', true, 'unknown'],
  ['2021-99-07 19:07:53 UTC', true, 'unknown'],
  [undefined, true, 'none'],
  [undefined, false, 'unknown'],
])('of the end %j (github.com: %s) is known: %s', (header, isGithubCom, expiry) => {
  expect(readExpiry(header, isGithubCom)).toBe(expiry);
});

describe('a classic token', () => {
  test('is not said to be verified where GitHub does not say the role of its user', () => {
    const { capabilities } = judgeClassic(['repo'], seen(true), WEB);

    expect([capabilities.read.state, capabilities.webhooks.state, capabilities.statuses.state]).toEqual([
      'verified',
      'probable',
      'probable',
    ]);
  });

  test('misses one permission once, with everything that it would do', () => {
    const { missing } = judgeClassic(['admin:repo_hook'], seen(true, { admin: true, push: true }), WEB);

    expect(missing.map(({ permission }) => permission)).toEqual(['repo', 'repo:status']);
    expect(missing[0]?.why).toMatch(/read.*pull requests.*pushed/);
  });

  test('with read:repo_hook alone makes no webhooks', () => {
    expect(judgeClassic(['repo:status', 'read:repo_hook'], seen(true, { admin: true, push: true }), WEB).capabilities.webhooks.state).toBe(
      'denied',
    );
  });

  test('at a repository that moved is asked for its name of now, and nothing is denied', () => {
    const { capabilities, reason } = judgeClassic(['repo'], { is: 'moved', fullName: 'acme/old' }, WEB);

    expect([capabilities.read.state, reason]).toEqual(['inconclusive', 'repository_moved']);
  });
});

describe('a fine-grained token', () => {
  const granted = { read: 'granted', webhooks: 'granted', statuses: 'granted', comments: 'granted', push: 'granted' } as const;

  test('is verified by Git alone, and never for what it would write', () => {
    const { capabilities } = judgeFineGrained(granted, seen(true), undefined, WEB);

    expect(Object.values(capabilities).map(({ state }) => state)).toEqual([
      'verified',
      'unverifiable',
      'unverifiable',
      'unverifiable',
      'verified',
    ]);
  });

  test('is inconclusive where an answer says nothing, and nothing is missing then', () => {
    const { capabilities, missing } = judgeFineGrained({ ...granted, statuses: 'unknown' }, seen(true), undefined, WEB);

    expect([capabilities.statuses.state, missing]).toEqual(['inconclusive', []]);
  });

  test('is refused certainly at a public repository too', () => {
    expect(judgeFineGrained({ ...granted, webhooks: 'denied' }, seen(false), undefined, WEB).capabilities.webhooks.state).toBe('denied');
  });

  test.each([
    [false, 'pending_approval'],
    [true, 'repository_not_visible'],
    [undefined, 'repository_not_visible'],
  ])('that does not see the repository (sees others of the owner: %s) has the reason %s', (isApproved, reason) => {
    expect(judgeFineGrained(undefined, { is: 'hidden', fullName: 'acme/net' }, isApproved, WEB).reason).toBe(reason);
  });

  test('that saw nothing is told which permission document 003 does not list', () => {
    expect(judgeFineGrained(undefined, { is: 'none' }, undefined, WEB).notes.join()).toContain('Commit statuses: Read and write');
  });
});
