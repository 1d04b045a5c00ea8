import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { readConfig } from '#config.ts';
import { ERRORS_PAGE, renderErrorsPage } from '../../tools/errors-page.ts';

function read(path: string): string {
  return readFileSync(fileURLToPath(new URL(`../../${path}`, import.meta.url)), 'utf8');
}

it('docs/errors.md says what the tables of codes say (mend with: node tools/errors-page.ts)', () => {
  expect(read(ERRORS_PAGE)).toBe(renderErrorsPage());
});

describe('docs/configuration.md', () => {
  /** Variable and default of every row; undefined where the page says unset. */
  const documented = new Map(
    [...read('docs/configuration.md').matchAll(/^\| `([A-Z_]+)` \| (?:`([^`]*)`|unset) \|/gm)].map(([, name, value]) => [
      name ?? '',
      value,
    ]),
  );

  it('lists exactly the variables that src/config.ts reads', () => {
    const names = [
      ...`${read('src/config.ts')}\n${read('src/github-app-config.ts')}`.matchAll(/^ {2}([A-Z][A-Z0-9_]+):|environment\['([A-Z_]+)'\]/gm),
    ];
    const inCode = new Set(names.map(([, key, index]) => key ?? index ?? ''));

    expect(inCode.size).toBeGreaterThan(15);
    expect([...documented.keys()].filter((name) => name !== 'TEST_DATABASE_URL').toSorted()).toEqual([...inCode].toSorted());
  });

  it.each([...documented].flatMap(([name, value]) => (value === undefined ? [] : [{ name, value }])))(
    'gives $name the default that it has, $value',
    ({ name, value }) => {
      expect(readConfig({ [name]: value })).toEqual(readConfig({}));
    },
  );
});
