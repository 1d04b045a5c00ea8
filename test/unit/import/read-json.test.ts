import { expect, test } from 'vitest';
import { readDocument } from '#import/read/read-document.ts';
import { shortly } from '#test/support/content-reading.ts';

function read(content: string | Uint8Array) {
  return readDocument('a.json', Buffer.from(content));
}

function nested(depth: number): string {
  return `${'['.repeat(depth)}${']'.repeat(depth)}`;
}

test.each([
  ['a key twice', '{"a": 1,\n "a": 2}', ['KEY_DUPLICATE 2:2']],
  ['a key twice, written differently', '{"a": 1, "\\u0061": 2}', ['KEY_DUPLICATE 1:10']],
  ['a key twice, deep in it', '{"x": [{"a": {"b": 1, "c": 2, "b": 3}}]}', ['KEY_DUPLICATE 1:31']],
  ['the key __proto__', '{"a": {\n  "__proto__": {"polluted": true}}}', ['KEY_FORBIDDEN 2:3']],
  ['an escaped NUL', '{"a": "x\\u0000y"}', ['TEXT_UNSTORABLE 1:7']],
  ['an escaped NUL in a key', '{"\\u0000": 1}', ['TEXT_UNSTORABLE 1:2']],
  ['half a surrogate pair', '{"a": ["\\ud800", "\\udc00"]}', ['TEXT_UNSTORABLE 1:8', 'TEXT_UNSTORABLE 1:18']],
  ['an integer of more than 53 bits', '{"a": 9007199254740993}', ['NUMBER_UNSTORABLE 1:7']],
  ['a negative one', '[-9007199254740992]', ['NUMBER_UNSTORABLE 1:2']],
  ['a number beyond every double', '{"a": 1e400}', ['NUMBER_UNSTORABLE 1:7']],
  ['a comment at the end of a line', '{"a": 1} // why', ['JSON_COMMENT 1:10']],
  [
    'comments, one over two lines',
    '{ /* a\n b */\n "a": 1, // c\n "a": 2}',
    ['JSON_COMMENT 1:3', 'JSON_COMMENT 3:10', 'KEY_DUPLICATE 4:2'],
  ],
  ['a comment behind a trailing comma', '[1, /* none */ ]', ['JSON_COMMENT 1:5', 'JSON_TRAILING_COMMA 1:3']],
  ['a comment that nothing closes', '{"a": 1} /*', ['JSON_COMMENT 1:10']],
  ['nothing', '', ['FILE_EMPTY 1']],
  ['white space', ' \n\t\n', ['FILE_EMPTY 1']],
  ['a text in single quotes', "{'a': 1}", ['FILE_INVALID 1:2']],
  ['NaN', '{"a":\n NaN}', ['FILE_INVALID 2:2']],
  ['a missing comma', '{"a": 1\n "b": 2}', ['FILE_INVALID 2:2']],
  ['two commas', '[1,, 2]', ['FILE_INVALID 1:4']],
  ['a comma and nothing else', '[,]', ['FILE_INVALID 1:2']],
  ['an unclosed text', '{"a": "b\n}', ['FILE_INVALID 1:7']],
  ['a raw control character', '{"a": "b\u0001"}', ['FILE_INVALID 1:7']],
  ['a raw NUL', '{"a": \0}', ['FILE_INVALID 1:7']],
  ['a second value', '{"a": 1}\n{"b": 2}', ['FILE_INVALID 2:1']],
  ['65 levels', nested(65), ['FILE_TOO_COMPLEX 1:65']],
  ['a million levels', '['.repeat(1_000_000), ['FILE_TOO_COMPLEX 1:65']],
])('refuses %s and says where', (_, content, expected) => {
  const { document, problems } = read(content);

  expect(document).toBeUndefined();
  expect(problems.map(shortly)).toEqual(expected);
});

test.each([
  ['64 levels', nested(64)],
  ['the largest whole number that is safe', '[9007199254740991, -9007199254740991]'],
  ['a float beyond 2^53, which claims no digits', '[1e300]'],
  ['a whole surrogate pair, escaped', '["\\ud83d\\ude00"]'],
  ['keys that every object seems to have', '{"constructor": 1, "toString": 2, "hasOwnProperty": 3}'],
  ['brackets, quotes and colons in texts', '{"a": "[{\\"b\\":", "c:": "//"}'],
])('reads %s', (_, content) => {
  const { document, problems } = read(content);

  expect(problems).toEqual([]);
  expect(document?.value).toEqual(JSON.parse(content));
});

test('a trailing comma is a warning at the comma, and the data are read', () => {
  const { document, problems } = read('{\n  "a": [1, 2,],\n}');

  expect(document?.value).toEqual({ a: [1, 2] });
  expect(problems.map(shortly)).toEqual(['JSON_TRAILING_COMMA 2:13', 'JSON_TRAILING_COMMA 2:15']);
  expect(problems.map(({ severity }) => severity)).toEqual(['warning', 'warning']);
});

test.each([
  ['behind a comment with a quote', `/*"*/${'['.repeat(100_000)}`, 'FILE_TOO_COMPLEX'],
  ['behind a comment with a quote, closed', `/*"*/${'['.repeat(100_000)}${']'.repeat(100_000)}`, 'FILE_TOO_COMPLEX'],
  ['behind closing brackets that were never opened', '[},'.repeat(100_000), 'FILE_INVALID'],
  ['behind an unclosed text and a carriage return', `"\r${'['.repeat(100_000)}`, 'FILE_INVALID'],
])('nesting that is hidden %s does no harm', (_, content, code) => {
  expect(read(content).problems.at(-1)?.code).toBe(code);
});

test('200,000 comments before closing brackets are read in one go', () => {
  const { problems } = read(`[${'[1,/**/],'.repeat(200_000)}1]`);

  expect(problems[0]).toMatchObject({ code: 'JSON_COMMENT', line: 1, column: 5 });
  expect(problems.at(-1)).toMatchObject({ code: 'MORE_PROBLEMS', message: '399900 more problems in this file.' });
});

test('a byte order mark is dropped', () => {
  expect(read(Buffer.from('\ufeff{"a": 1}')).document?.value).toEqual({ a: 1 });
});

test('half a million values are read, one more is too many', () => {
  const most = 500_000;

  expect(
    read(
      `[${Array(most - 1)
        .fill('1')
        .join()}]`,
    ).problems,
  ).toEqual([]);
  expect(read(`[${Array(most).fill('1').join()}]`).problems.map(shortly)).toEqual(['FILE_TOO_COMPLEX 1:1']);
});

test('of many problems 100 are kept, the first error is among them, and the rest is counted', () => {
  const { document, problems } = read(`[${'[1,],'.repeat(150)}{"a": 1, "a": 2}]`);

  expect(document).toBeUndefined();
  expect(problems.filter(({ code }) => code === 'JSON_TRAILING_COMMA')).toHaveLength(100);
  expect(problems.filter(({ severity }) => severity === 'error').map(({ code }) => code)).toEqual(['KEY_DUPLICATE']);
  expect(problems.at(-1)).toMatchObject({ code: 'MORE_PROBLEMS', message: '50 more problems in this file.' });
});

test('says where every key and value is written', () => {
  const { document } = read('{\n  "a": {"10": [true,\n    {"b/c": null}]}}');

  expect(document?.locate(['a'], 'key')).toEqual({ line: 2, column: 3 });
  expect(document?.locate(['a', '10', 1])).toEqual({ line: 3, column: 5 });
  expect(document?.locate(['a', '10', 1, 'b/c'])).toEqual({ line: 3, column: 13 });
  expect(document?.locate(['a', '10', 7, 'x'])).toEqual({ line: 2, column: 15 });
});
