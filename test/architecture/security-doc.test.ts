import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

/** The odd-numbered cases of each section of the catalogue, by the last number that it has. */
const LAST_CASES = { WH: 31, GIT: 31, SSRF: 17, CRED: 15, PARSE: 19, REL: 25, MIR: 15, RATE: 7, SEC: 5 };

interface Row {
  readonly id: string;
  readonly text: string;
}

const ROWS = toRows(read('docs/security.md'));

function read(file: string): string {
  return readFileSync(fileURLToPath(new URL(`../../${file}`, import.meta.url)), 'utf8');
}

function toRows(page: string): readonly Row[] {
  return [...page.matchAll(/^\| ([A-Z]+-\d+) +\| (.*) \|$/gm)].map(([, id = '', text = '']) => ({ id, text }));
}

/** What a row names and is not there: a file, a test of that title in it, a script, a fault of it. */
function findBroken({ id, text }: Row): readonly string[] {
  const [, shown = '', result = ''] = text.split(' | ');
  const tests = [...text.matchAll(/`(test\/[^`]+\.test\.ts)` "([^"]+)"/g)].map(([, file = '', title = '']) => ({ file, title }));
  const scripts = [...text.matchAll(/`node (test\/faults\/[^ `]+\.ts)(?: ([a-z-]+))?[^`]*`/g)].map(([, file = '', fault]) => ({
    file,
    fault,
  }));
  const files = [...shown.matchAll(/test\/[^ `]+\.ts/g)].length;
  return [
    ...tests.filter(({ file, title }) => !holdsTest(file, title)).map(({ file, title }) => `${id}: no test "${title}" in ${file}`),
    ...scripts
      .filter(({ file, fault }) => !existsSync(path(file)) || (fault !== undefined && !listsFault(file, fault)))
      .map(({ file, fault }) => `${id}: no script ${file} ${fault ?? ''}`),
    ...(files === tests.length + scripts.length ? [] : [`${id}: something is named in another form`]),
    ...(result.trim() === '' ? [`${id}: no result`] : []),
  ];
}

function path(file: string): string {
  return fileURLToPath(new URL(`../../${file}`, import.meta.url));
}

/** A fault is an entry of the script's table, quoted or in the short form. */
function listsFault(file: string, fault: string): boolean {
  const source = read(file);
  return source.includes(`  '${fault}': `) || source.includes(`\n  ${fault},\n`);
}

function holdsTest(file: string, title: string): boolean {
  if (!existsSync(path(file))) return false;
  const source = read(file).replaceAll(String.raw`\'`, "'");
  return [`'${title}'`, `"${title}"`, `\`${title}\``].some((quoted) => source.includes(quoted));
}

it('every odd-numbered case is listed once, and no other', () => {
  const expected = Object.entries(LAST_CASES).flatMap(([section, last]) =>
    Array.from({ length: (last + 1) / 2 }, (_, index) => `${section}-${String(index * 2 + 1).padStart(2, '0')}`),
  );

  expect(ROWS.map(({ id }) => id)).toEqual(expected);
});

it('every test and script that it names exists, and every case has a result', () => {
  expect(ROWS.flatMap(findBroken)).toEqual([]);
});

it('a test, a script or a form that does not exist would be noticed', () => {
  const rows = toRows(
    [
      '| WH-01 | x | `test/architecture/links.test.ts` "no such title" | holds |',
      '| WH-03 | x | `test/nowhere.test.ts` "title" | holds |',
      '| WH-05 | x | `node test/faults/nowhere.ts` | holds |',
      '| WH-07 | x | `node test/faults/run.ts no-such-fault` | holds |',
      '| WH-09 | x | test/architecture/links.test.ts, somewhere | holds |',
      '| WH-11 | x | |  |',
    ].join('\n'),
  );

  expect(rows.map((row) => findBroken(row).length)).toEqual([1, 1, 1, 1, 1, 1]);
});
