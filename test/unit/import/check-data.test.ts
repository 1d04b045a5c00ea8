import { expect, test } from 'vitest';
import { checkData } from '#import/check-data.ts';
import type { JsonObject } from '#domain/words.ts';

function check(schema: JsonObject, data: JsonObject): readonly [string, string][] {
  const contexts = [{ key: 'k', name: 'n', path: 'config_contexts/n.yaml', line: 4, data: JSON.stringify(data) }];
  return checkData({ schemaName: 's', schema: JSON.stringify(schema), contexts }).map(({ pointer, problem }) => [pointer, problem.message]);
}

test.each<[string, JsonObject, JsonObject, readonly string[]]>([
  ['a value of another type', { properties: { a: { type: 'string' } } }, { a: 1 }, ['/a']],
  ['every violation', { properties: { a: { type: 'string' }, b: { minimum: 3 } } }, { a: 1, b: 2 }, ['/a', '/b']],
  ['the pointer of an odd key', { additionalProperties: { type: 'string' } }, { 'a/b~c': 1 }, ['/a~1b~0c']],
  ['an item of a list', { properties: { a: { items: { type: 'integer' } } } }, { a: [1, 'x'] }, ['/a/1']],
  ['two patterns, each for itself', { properties: { a: { pattern: '^a$' }, b: { pattern: '^b$' } } }, { a: 'b', b: 'a' }, ['/a', '/b']],
  ['names by pattern', { patternProperties: { '^p': { type: 'string' }, '^q': { type: 'number' } } }, { p: 1, q: 'x' }, ['/p', '/q']],
  ['a format', { properties: { a: { format: 'ipv4' } } }, { a: '10.0.0.256' }, ['/a']],
  ['a name that every object has', { required: ['toString'] }, {}, ['']],
  ['nothing, where all is well', { properties: { a: { pattern: '^a$' }, b: { pattern: '^b$' } } }, { a: 'a', b: 'b' }, []],
  ['nothing, for a format that nobody knows', { properties: { a: { format: 'vlan-range' } } }, { a: '1-' }, []],
  ['nothing, for a format with the name of something else', { properties: { a: { format: '__proto__' } } }, { a: 'x' }, []],
])('finds %s', (_, schema, data, pointers) => {
  expect(check({ type: 'object', ...schema }, data).map(([pointer]) => pointer)).toEqual(pointers);
});

test('says what was allowed', () => {
  const schema = { properties: { a: { enum: ['x', 'y'] }, b: { const: 1 } }, additionalProperties: false };

  expect(check(schema, { a: 'z', b: 2, c: 3 }).map(([, message]) => message)).toEqual([
    'The data must NOT have additional properties: "c" (schema "s").',
    '/a must be equal to one of the allowed values: ["x","y"] (schema "s").',
    '/b must be equal to constant: 1 (schema "s").',
  ]);
});

test('a pattern that ruins other engines is answered by RE2', () => {
  const text = `${'a'.repeat(50_000)}b`;
  const schema = {
    properties: { a: { pattern: '^(a|a)*$' }, b: { pattern: '(.*a){25}$' } },
    patternProperties: { '^(a+)+$': { type: 'string' } },
  };

  expect(check(schema, { a: text, b: text, [text]: 1 }).map(([pointer]) => pointer)).toEqual(['/a', '/b']);
});

test('of very many violations 100 are shown and the rest is counted', () => {
  const found = check({ properties: { a: { items: { type: 'string' } } } }, { a: Array(150).fill(1) });

  expect(found).toHaveLength(101);
  expect(found.at(-1)).toEqual(['', '50 more violations in "n".']);
});

test('a schema that puts its checks off still checks', () => {
  expect(check({ $async: true, properties: { a: { type: 'string' } } }, { a: 1 }).map(([pointer]) => pointer)).toEqual(['/a']);
});
