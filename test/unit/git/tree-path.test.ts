import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { pathProblem, toPrefix } from '#git/tree-path.ts';

describe('pathProblem', () => {
  test.each([
    ['a/b.yaml', undefined],
    ['.gitignore', undefined],
    ['.github/workflows/ci.yml', undefined],
    ['ein Ordner/ümläut.json', undefined],
    ['../etc/passwd', 'bad-name'],
    ['a/./b', 'bad-name'],
    ['a//b', 'bad-name'],
    ['/a', 'bad-name'],
    ['.git/config', 'bad-name'],
    ['a/.GIT/hooks/x', 'bad-name'],
    ['a/GIT~1/x', 'bad-name'],
    ['.git. /x', 'bad-name'],
    ['.git::$INDEX_ALLOCATION/x', 'bad-name'],
    ['.g\u200Cit/x', 'bad-name'],
    ['a\nb', 'bad-name'],
    ['a\u001B[2Jb', 'bad-name'],
    ['a\uFFFDb', 'not-utf8'],
    ['x'.repeat(1025), 'too-long'],
    [Array.from({ length: 65 }, () => 'd').join('/'), 'too-long'],
    ['x'.repeat(1024), undefined],
  ])('of %j is %s', (path, problem) => {
    expect(pathProblem(path)).toBe(problem);
  });

  test('says the same of a short path, which is looked at quickly, as of the same name in a long one', () => {
    const long = `${'x'.repeat(200)}/`;
    const piece = fc.constantFrom(
      '.',
      '/',
      '.git',
      'GIT~1',
      '.GiT',
      ' ',
      ':',
      '\\',
      '\u200C',
      '\uFEFF',
      '\uFFFD',
      '\n',
      '\u0085',
      'a',
      'ü',
      '~',
      '\u017F',
    );
    fc.assert(
      fc.property(fc.array(piece, { minLength: 1, maxLength: 8 }), (pieces) => {
        expect(pathProblem(pieces.join(''))).toBe(pathProblem(long + pieces.join('')));
      }),
      { numRuns: 20_000 },
    );
  });

  test('lets no path out of the tree', () => {
    const part = fc.constantFrom('a', '..', '.', '', '.git', 'b.txt');
    fc.assert(
      fc.property(fc.array(part, { minLength: 1, maxLength: 6 }), (parts) => {
        fc.pre(pathProblem(parts.join('/')) === undefined);
        expect(new URL(parts.join('/'), 'file:///root/').pathname).toBe(`/root/${parts.join('/')}`);
      }),
    );
  });
});

describe('toPrefix', () => {
  test.each([
    [undefined, undefined],
    ['', undefined],
    ['/', undefined],
    ['./', undefined],
    ['/a/b/', 'a/b'],
    ['./a', 'a'],
  ])('of %j is %j', (prefix, path) => {
    expect(toPrefix(prefix)).toBe(path);
  });

  test.each(['../a', 'a/../b', '.git', 'a\u0000'])('refuses %j', (prefix) => {
    expect(() => toPrefix(prefix)).toThrow('prefix');
  });
});
