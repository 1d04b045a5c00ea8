import { describe, expect, test } from 'vitest';
import { refProblem } from '#repositories/check-ref.ts';
import { checkInput, toWhole } from '#repositories/input.ts';
import { parsePathPrefix } from '#repositories/path-prefix.ts';
import { overlap } from '#repositories/provided-contents.ts';
import { slugify } from '#repositories/slug.ts';

describe('a slug', () => {
  test.each([
    ['demo-git-datasource', 'demo_git_datasource'],
    ['1 Very-Bad Git_____Repo Name (2)', 'a1_very_bad_git_____repo_name_2'],
    ['Zürich', 'zurich'],
    ['_private', '_private'],
    ['日本', 'a'],
  ])('of %j is %j', (name, slug) => {
    expect(slugify(name)).toBe(slug);
  });
});

describe('a ref', () => {
  test.each(['main', 'feature/ntp', 'v1.2.3', 'refs/heads/main', '939ea1ed854e405b600d70f798804eb2da356231', 'HEAD', 'a@b', 'ñ'])(
    'may be %j',
    (ref) => {
      expect(refProblem(ref)).toBeUndefined();
    },
  );

  test.each([
    '',
    '--orphan',
    '-b',
    ' main',
    'main\n',
    'a b',
    'a\u00a0b',
    'a..b',
    'a~1',
    'a^',
    'a:b',
    'a?b',
    'a*',
    'a[b',
    'a\\b',
    '@',
    'a@{1}',
    '/a',
    'a/',
    'a//b',
    '.a',
    'a/.b',
    'a.lock',
    'a.lock/b',
    'a.',
    'a\u007fb',
    'x'.repeat(256),
  ])('may not be %j', (ref) => {
    expect(refProblem(ref)).toBeTypeOf('string');
  });
});

describe('a path prefix', () => {
  test.each([
    ['', ''],
    ['/', ''],
    ['.', ''],
    ['a', 'a'],
    ['/a/b/', 'a/b'],
    ['./a//b', 'a/b'],
  ])('written %j is kept as %j', (text, kept) => {
    expect(parsePathPrefix(text)).toEqual({ ok: true, value: kept });
  });

  test.each(['..', 'a/../b', '../x', 'a\\b', 'a\u0000', '.git', 'a/.GIT/hooks', 'x'.repeat(1_001)])('may not be %j', (text) => {
    expect(parsePathPrefix(text).ok).toBe(false);
  });
});

describe('provided contents', () => {
  test('overlap where both bring a kind, and absent means all', () => {
    expect(overlap(null, ['extras.configcontext'])).toEqual(['extras.configcontext']);
    expect(overlap(['extras.configcontext'], ['extras.configcontextschema'])).toEqual([]);
    expect(overlap([], null)).toEqual([]);
  });

  test('that nothing imports yet are in nobody’s way', () => {
    expect(overlap(['extras.job'], ['extras.job'])).toEqual([]);
  });
});

describe('a whole object', () => {
  test('takes back what is not sent', () => {
    expect(toWhole({ name: 'a', remote_url: 'u' })).toMatchObject({ ref: 'main', credential: null, provided_contents: null, tags: [] });
  });

  test.each([{ branch: 'dev' }, { ref: 'dev' }, { branch: 'dev', ref: 'dev' }])(
    'follows the ref of %j without contradicting it',
    (sent) => {
      expect(checkInput(toWhole(sent))).toEqual({});
      expect([toWhole(sent).ref ?? 'dev', toWhole(sent).branch ?? 'dev']).toEqual(['dev', 'dev']);
    },
  );

  test('keeps a credential that is given by its other name', () => {
    expect(toWhole({ secrets_group: 'github' })).toMatchObject({ secrets_group: 'github' });
    expect(toWhole({ secrets_group: 'github' })).not.toHaveProperty('credential');
  });
});

test('two names of one field that disagree are an error that names them', () => {
  const errors = checkInput({ branch: 'a', ref: 'b', credential: 'x', secrets_group: null });

  expect(Object.keys(errors).toSorted()).toEqual(['branch', 'secrets_group']);
});
