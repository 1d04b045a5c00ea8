import { expect, test } from 'vitest';
import { readDocument } from '#import/read/read-document.ts';
import { shortly } from '#test/support/content-reading.ts';

function read(content: string | Uint8Array) {
  return readDocument('a.yaml', Buffer.from(content));
}

/** One anchor and `count` aliases to it. */
function aliases(count: number): string {
  return `a: &a 1\nb: [${Array(count).fill('*a').join(', ')}]`;
}

function deep(levels: number, inner: string): string {
  return `${'['.repeat(levels)}${inner}${']'.repeat(levels)}`;
}

/** Nine lists, each of which holds the one before it nine times: 9^9 values in 400 bytes. */
const BOMB = [
  'a: &a [x, x, x, x, x, x, x, x, x]',
  ...Array.from(
    'bcdefghi',
    (name, index) =>
      `${name}: &${name} [${Array(9)
        .fill(`*${'abcdefgh'.charAt(index)}`)
        .join(', ')}]`,
  ),
].join('\n');

/** Few aliases, long texts: what an expansion costs is its size, not its count. */
const LONG_BOMB = `a: &a ${'x'.repeat(200_000)}\nb: [${Array(40).fill('*a').join(', ')}]`;

test.each([
  ['yes', true, 'true'],
  ['Off', false, 'false'],
  ['010', 8, 'the octal number 8'],
  ['12:30', 750, 'the base 60 number 750'],
  ['1:30.5', 90.5, 'the base 60 number 90.5'],
  ['1_000', 1000, 'the number 1000'],
  ['0b101', 5, 'the binary number 5'],
  ['1e3', '1e3', 'a text, not a number'],
  ['1.5e3', '1.5e3', 'a text, not a number'],
  ['0o17', '0o17', 'a text, not a number'],
  ['08', '08', 'a text, not a number'],
  ['-0019', '-0019', 'a text, not a number'],
  ['2024-01-01', '2024-01-01', 'a date, stored as the text'],
  ['2024-01-01 10:00:00 +01:00', '2024-01-01 10:00:00 +01:00', 'a date, stored as the text'],
])('%s has the meaning of YAML 1.1, and a warning says so', (written, value, reading) => {
  const { document, problems } = read(`key:\n  - ${written}`);

  expect(document?.value).toEqual({ key: [value] });
  expect(problems.map(shortly)).toEqual(['YAML_11_VALUE 2:5']);
  expect(problems[0]).toMatchObject({ severity: 'warning', message: `${written} is read as ${reading} (YAML 1.1).` });
});

test.each([
  ['y', 'y'],
  ['N', 'N'],
  ['true', true],
  ['~', null],
  ['17', 17],
  ['0x1F', 31],
  ['1.5e+3', 1500],
  ['.5', 0.5],
  ['00:50:56:00:11:22', '00:50:56:00:11:22'],
  ['10.0.0.1', '10.0.0.1'],
  ['1.2.3', '1.2.3'],
  ['"yes"', 'yes'],
  ["'010'", '010'],
  ['!!str yes', 'yes'],
  ['!!int "7"', 7],
])('%s is read as it looks, without a word', (written, value) => {
  expect(read(`key: ${written}`)).toMatchObject({ document: { value: { key: value } }, problems: [] });
});

test.each([
  ['on', 'true'],
  ['010', '8'],
  ['1.0', '1'],
  ['~', 'null'],
])('the key %s becomes %s, and a warning says so', (written, key) => {
  const { document, problems } = read(`a: 1\n${written}: 2`);

  expect(document?.value).toEqual({ a: 1, [key]: 2 });
  expect(problems.map(shortly)).toEqual(['YAML_11_VALUE 2:1']);
});

test.each([
  ['a key twice', 'a: 1\nb:\n  c: 1\n  c: 2', ['KEY_DUPLICATE 4:3']],
  ['a number and a text that are the same key', '1: a\n"1": b', ['KEY_DUPLICATE 2:1']],
  ['a key again after it was merged and replaced', 'a: &a {x: 1}\nb:\n  <<: *a\n  x: 2\n  x: 3', ['KEY_DUPLICATE 5:3']],
  ['the key __proto__', 'a:\n  __proto__: {polluted: true}', ['KEY_FORBIDDEN 2:3']],
  ['a list as a key', '? [a, b]\n: 1', ['KEY_FORBIDDEN 1:3']],
  ['a tab as indentation', 'a:\n\tb: 1', ['FILE_INVALID 2:1']],
  ['an unclosed list', 'a: [1, 2\nb: 3', ['FILE_INVALID 2:1']],
  ['a raw NUL', 'a: 1\n\0b: 2', ['FILE_INVALID 2:1']],
  ['an escaped NUL', 'a: "x\\0y"', ['TEXT_UNSTORABLE 1:4']],
  ['half a surrogate pair', 'a:\n  - "\\ud800"', ['TEXT_UNSTORABLE 2:5']],
  ['an integer of more than 53 bits', 'a: 9007199254740993', ['NUMBER_UNSTORABLE 1:4']],
  ['infinity', 'a: .inf', ['NUMBER_UNSTORABLE 1:4']],
  ['not a number', 'a: .NaN', ['NUMBER_UNSTORABLE 1:4']],
  ['a function', 'a: !!js/function "x"', ['YAML_TAG 1:4']],
  ['an object of Python', 'a: !!python/object/apply:os.system ["id"]', ['YAML_TAG 1:4']],
  ['bytes', 'a: 1\nb: !!binary aGk=', ['YAML_TAG 2:4']],
  ['a set', 'a: !!set {b}', ['YAML_TAG 1:4']],
  ['a private tag', 'a: !vault secret', ['YAML_TAG 1:4']],
  ['a tag directive', '# head\n%TAG ! tag:example.com,2000:\n---\na: 1', ['YAML_TAG 2:1']],
  ['two documents', 'a: 1\n---\nb: 2', ['FILE_SEVERAL_DOCUMENTS 2:1']],
  ['two documents behind markers and a block text', '---\na: |\n  x\n  ---\n# c\n--- \nb: 2', ['FILE_SEVERAL_DOCUMENTS 6:1']],
  ['two documents parted by dots', 'a: 1\n...\nb: 2', ['FILE_SEVERAL_DOCUMENTS 3:1']],
  ['two documents without data', '---\n---\n', ['FILE_SEVERAL_DOCUMENTS 2:1']],
  ['an empty second document', 'a: 1\n---\n', ['FILE_SEVERAL_DOCUMENTS 2:1']],
  ['an alias without an anchor', 'a: *b', ['YAML_ALIAS 1:4']],
  ['an alias to what holds it', 'a: &x\n  - *x', ['YAML_ALIAS 2:5']],
  ['a merge of a text', 'a:\n  <<: b', ['YAML_MERGE 2:7']],
  ['nothing', '', ['FILE_EMPTY 1']],
  ['a comment and nothing else', '# later\n', ['FILE_EMPTY 1']],
  ['65 levels', `${'['.repeat(65)}${']'.repeat(65)}`, ['FILE_TOO_COMPLEX 1:65']],
  ['200 levels', `${'['.repeat(200)}${']'.repeat(200)}`, ['FILE_TOO_COMPLEX 1:66']],
  ['a million levels', '['.repeat(1_000_000), ['FILE_TOO_COMPLEX 1:66']],
  ['300 levels in block style', Array.from({ length: 300 }, (_, depth) => `${' '.repeat(depth)}a:`).join('\n'), ['FILE_TOO_COMPLEX 66:66']],
  ['51 aliases', aliases(51), ['FILE_TOO_COMPLEX 2:205']],
  ['an alias bomb', BOMB, ['FILE_TOO_COMPLEX 6:16']],
  ['an alias bomb of long texts', LONG_BOMB, ['FILE_TOO_COMPLEX 2:85']],
  ['20,000 merges', `e: &e {}\na:\n${'  <<: *e\n'.repeat(20_000)}`, ['FILE_TOO_COMPLEX 53:7']],
])('refuses %s and says where', (_, content, expected) => {
  const { document, problems } = read(content);

  expect(document).toBeUndefined();
  expect(problems.map(shortly)).toEqual(expected);
});

test('64 levels and 50 aliases are read', () => {
  expect(read(`${'['.repeat(64)}1${']'.repeat(64)}`).problems).toEqual([]);
  expect(read(`${'- '.repeat(63)}a: 1`).problems).toEqual([]);
  expect(read(aliases(50)).document?.value).toEqual({ a: 1, b: Array(50).fill(1) });
});

test('an alias may not take the data below the deepest level', () => {
  expect(read(`a: &a ${deep(30, '1')}\nb: ${deep(33, '*a')}`).problems).toEqual([]);
  expect(read(`a: &a ${deep(30, '1')}\nb: ${deep(34, '*a')}`).problems.map(shortly)).toEqual(['FILE_TOO_COMPLEX 2:38']);
});

test.each([
  ['its own keys win, wherever the merge stands', 'x: 1\n<<: {x: 2, y: 2}\ny: 1', { x: 1, y: 1 }],
  ['of several the first wins', '<<: [{x: 1}, {x: 2, y: 2}]', { x: 1, y: 2 }],
  ['a quoted << is a key like others', '"<<": {x: 1}', { '<<': { x: 1 } }],
])('merges: %s', (_, content, value) => {
  expect(read(content)).toMatchObject({ document: { value }, problems: [] });
});

test('a byte order mark is dropped', () => {
  expect(read('\ufeffa: 1').document?.value).toEqual({ a: 1 });
});

test('says where every key and value is written, through aliases and merges', () => {
  const { document } = read('base: &base\n  mtu: 9000\nports:\n  10: *base\n  20:\n    <<: *base\n    name: "x"\n');

  expect(document?.locate(['ports', '20', 'name'])).toEqual({ line: 7, column: 11 });
  expect(document?.locate(['ports', '20', 'name'], 'key')).toEqual({ line: 7, column: 5 });
  expect(document?.locate(['ports', '20', 'mtu'])).toEqual({ line: 2, column: 8 });
  expect(document?.locate(['ports', '10', 'mtu'])).toEqual({ line: 2, column: 8 });
});
