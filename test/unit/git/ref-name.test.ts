import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isSafeRef, toBranchRef, toTagRef } from '#git/ref-name.ts';

describe('isSafeRef', () => {
  test.each([
    'refs/heads/main',
    'refs/heads/feature/x',
    'refs/tags/v1.0.0',
    'refs/heads/ümläut',
    'refs/heads/🚀',
    'refs/heads/a@b',
    'refs/heads/HEAD',
    'refs/pull/7/head',
  ])('takes %s', (ref) => {
    expect(isSafeRef(ref)).toBe(true);
  });

  test.each([
    'refs/heads/-x',
    'refs/heads/--output=pwn',
    'refs/heads/a/-b',
    'refs/heads/a b',
    'refs/heads/a..b',
    'refs/heads/a.lock',
    'refs/heads/a.lock/b',
    'refs/heads/.a',
    'refs/heads/a//b',
    'refs/heads/a/',
    'refs/heads/a.',
    'refs/heads/a@{b',
    'refs/heads/@',
    'refs/heads/a\nb',
    'refs/heads/a\u0000b',
    'refs/heads/a\\b',
    'refs/heads/',
    'refs/replace/0123456789abcdef0123456789abcdef01234567',
    'HEAD',
    'main',
    `refs/heads/${'x'.repeat(250)}`,
  ])('refuses %j', (ref) => {
    expect(isSafeRef(ref)).toBe(false);
  });

  test('takes nothing that Git would refuse', () => {
    const character = fc.constantFrom(...Array.from('ab-./@{}~^:?*[\\ \t\n_ü'), '.lock');
    fc.assert(
      fc.property(fc.array(character, { minLength: 1, maxLength: 8 }), (characters) => {
        const ref = `refs/heads/${characters.join('')}`;
        fc.pre(isSafeRef(ref));
        expect(() => execFileSync('git', ['check-ref-format', ref], { stdio: 'ignore' })).not.toThrow();
      }),
      { numRuns: 60 },
    );
  });
});

test('a name becomes a full ref of its own namespace, or nothing', () => {
  expect([toBranchRef('main'), toBranchRef('refs/heads/main'), toBranchRef('refs/tags/v1'), toBranchRef('-x')]).toEqual([
    'refs/heads/main',
    'refs/heads/main',
    undefined,
    undefined,
  ]);
  expect([toTagRef('v1'), toTagRef('refs/heads/main')]).toEqual(['refs/tags/v1', undefined]);
});
