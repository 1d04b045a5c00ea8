import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { ImportCounts, Problem } from '#domain/content.ts';
import { makeProblem } from '#import/problem-codes.ts';
import { summaryWords } from '#import/words.ts';

const NONE: ImportCounts = { added: 0, changed: 0, removed: 0, unchanged: 9, errors: 0, warnings: 0, files: 9 };

function errorAt(path: string, line?: number): Problem {
  return makeProblem('FILE_INVALID', 'x', { path, line });
}

test.each<[string, Partial<ImportCounts>]>([
  ['nothing changed', {}],
  ['nothing changed, 1 warning', { warnings: 1 }],
  ['1 added', { added: 1 }],
  ['3 added, 1 changed, 2 removed', { added: 3, changed: 1, removed: 2 }],
  ['2 removed, 2 warnings', { removed: 2, warnings: 2 }],
])('%s', (words, counts) => {
  expect(summaryWords({ ...NONE, ...counts }, [makeProblem('FILE_IGNORED', 'x', { path: 'not/named' })])).toBe(words);
});

test.each<[string, readonly Problem[]]>([
  ['1 error', [makeProblem('FILE_INVALID', 'x')]],
  ['1 error in a.yaml', [errorAt('a.yaml')]],
  ['1 error in a.yaml:14', [errorAt('a.yaml', 14)]],
  ['3 errors in a.yaml:14, :31', [errorAt('a.yaml', 14), errorAt('a.yaml', 31), errorAt('a.yaml', 31)]],
  ['2 errors in a.yaml:1; b.yaml:2', [errorAt('a.yaml', 1), errorAt('b.yaml', 2)]],
])('%s, whatever would have changed', (words, problems) => {
  expect(summaryWords({ ...NONE, added: 5, warnings: 2, errors: problems.length }, problems)).toBe(words);
});

test('a status has at most 140 characters, cut between characters', () => {
  const exact = `1 error in ${'😀'.repeat(129)}`;

  expect(summaryWords({ ...NONE, errors: 1 }, [errorAt('😀'.repeat(129))])).toBe(exact);
  expect(summaryWords({ ...NONE, errors: 1 }, [errorAt('😀'.repeat(130))])).toBe(`1 error in ${'😀'.repeat(128)}…`);
});

test('whatever the problems are, the words fit', () => {
  const path = fc.string({ unit: 'binary', maxLength: 200 });
  fc.assert(
    fc.property(fc.array(fc.tuple(path, fc.nat()), { minLength: 1 }), (places) => {
      const words = summaryWords(
        { ...NONE, errors: places.length },
        places.map(([where, line]) => errorAt(where, line + 1)),
      );

      expect(Array.from(words).length).toBeLessThanOrEqual(140);
      expect(words).toMatch(/^\d+ errors? in /);
    }),
  );
});
