import { expect, test } from 'vitest';
import { readContent, shortly } from '#test/support/content-reading.ts';

const PATH = 'config_context_schemas/s.json';

/** A file of one schema, pretty printed: `data_schema` starts in line 5, its keys in line 6. */
function read(schema: unknown) {
  return readContent(PATH, JSON.stringify({ _metadata: { name: 's' }, data_schema: schema }, undefined, 2));
}

/** A schema with one property `x` in lines 7 and 8, whose own keyword is in line 9. */
function withProperty(property: object) {
  return read({ type: 'object', properties: { x: property } });
}

test.each([
  ['no type', read({ properties: {} }), ['SCHEMA_NO_TYPE 5:18']],
  ['an older dialect', read({ $schema: 'http://json-schema.org/draft-04/schema#', type: 'object' }), ['SCHEMA_DIALECT 6:16']],
  ['a misspelled keyword', withProperty({ minimun: 3 }), ['SCHEMA_KEYWORD_UNKNOWN 5:18']],
  ['a format that nobody knows', withProperty({ format: 'vlan-range' }), ['SCHEMA_KEYWORD_UNKNOWN 9:19']],
  ['a format with the name of something else', withProperty({ format: 'constructor' }), ['SCHEMA_KEYWORD_UNKNOWN 9:19']],
  ['checks that are put off', read({ $async: true, type: 'object' }), ['SCHEMA_KEYWORD_UNKNOWN 6:15']],
])('%s is a warning', (_, { objects, problems }, expected) => {
  expect(objects).toHaveLength(1);
  expect(problems.map(shortly)).toEqual(expected);
  expect(problems.map(({ severity }) => severity)).toEqual(['warning']);
});

test.each([
  ['type object', { type: 'object' }],
  ['type object or null', { type: ['object', 'null'] }],
  ['the dialect of 2019', { $schema: 'https://json-schema.org/draft/2019-09/schema', type: 'object', dependentRequired: { a: ['b'] } }],
  [
    'the dialect of 2020',
    { $schema: 'https://json-schema.org/draft/2020-12/schema', type: 'object', properties: { a: { prefixItems: [{}] } } },
  ],
  ['a reference into itself', { type: 'object', properties: { a: { $ref: '#/definitions/b' } }, definitions: { b: { type: 'string' } } }],
  [
    'properties named like keywords',
    { type: 'object', properties: { pattern: { type: 'string' }, $ref: { type: 'string' }, format: { type: 'string' } } },
  ],
  ['data that look like keywords', { type: 'object', properties: { a: { const: { pattern: '(?=x)', $ref: 'http://example.com' } } } }],
  ['formats that are known', { type: 'object', properties: { a: { format: 'ipv4' }, b: { format: 'date-time' } } }],
])('%s is accepted without a word', (_, schema) => {
  expect(read(schema)).toMatchObject({ objects: [{ name: 's' }], problems: [] });
});

test.each([
  ['no schema at all', readContent(PATH, '{"_metadata": {"name": "s"}}'), ['SCHEMA_INVALID 1:1']],
  ['a schema that is true', read(true), ['SCHEMA_INVALID 5:18']],
  ['data that are no mapping', read({ type: 'array' }), ['SCHEMA_INVALID 6:13']],
  ['a type that does not exist', withProperty({ type: 'strnig' }), ['SCHEMA_INVALID 9:17', 'SCHEMA_INVALID 9:17', 'SCHEMA_INVALID 9:17']],
  ['a reference to a file', withProperty({ $ref: 'common.json' }), ['SCHEMA_REMOTE_REF 9:17']],
  ['a reference to a server', withProperty({ $ref: 'http://169.254.169.254/latest' }), ['SCHEMA_REMOTE_REF 9:17']],
  ['a reference to nothing', withProperty({ $ref: '#/definitions/none' }), ['SCHEMA_INVALID 5:18']],
  ['a pattern that looks ahead', withProperty({ pattern: '^(?=a)' }), ['SCHEMA_PATTERN 9:20']],
  ['a pattern that refers back', withProperty({ pattern: '^(a)\\1$' }), ['SCHEMA_PATTERN 9:20']],
  ['a pattern that is none', withProperty({ pattern: '[a' }), ['SCHEMA_PATTERN 9:20']],
  ['a pattern of names that looks behind', read({ type: 'object', patternProperties: { '(?<!a)b': {} } }), ['SCHEMA_PATTERN 8:18']],
  ['4,001 parts', read({ type: 'object', enum: Array.from({ length: 4_000 }, () => ({})) }), ['SCHEMA_TOO_COMPLEX 5:18']],
  ['300 KiB', read({ type: 'object', description: 'x'.repeat(300 * 1024) }), ['SCHEMA_TOO_COMPLEX 5:18']],
])('%s is refused', (_, { objects, problems }, expected) => {
  expect(objects).toEqual([]);
  expect(problems.filter(({ severity }) => severity === 'error').map(shortly)).toEqual(expected);
});

test('of a list the good schemas are read, and every bad one is named', () => {
  const { objects, problems } = readContent(
    'config_context_schemas/list.yaml',
    '- _metadata: {name: a}\n  data_schema: {type: object}\n- b\n- _metadata: {name: c}\n- _metadata: {name: d, colour: red}\n  data_schema: {type: object}\n',
  );

  expect(objects.map(({ name, line }) => [name, line])).toEqual([
    ['a', 1],
    ['d', 5],
  ]);
  expect(problems.map(shortly)).toEqual(['FILE_SHAPE 3:3', 'SCHEMA_INVALID 4:3', 'METADATA_UNKNOWN 5:24']);
});
