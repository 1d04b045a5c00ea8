import { expect, test } from 'vitest';
import { readContent, shortly } from '#test/support/content-reading.ts';

function read(content: string, path = 'config_contexts/a.yaml') {
  return readContent(path, content);
}

/** A context whose `_metadata` has these lines after its name, the first of them in line 3. */
function withMetadata(...lines: readonly string[]): string {
  return ['_metadata:', '  name: a', ...lines.map((line) => `  ${line}`), 'x: 1', ''].join('\n');
}

test('everything that is not said has its documented value', () => {
  expect(read('_metadata: {name: a}\nx: 1\ny: {z: [2]}\n')).toMatchObject({
    problems: [],
    objects: [
      {
        kind: 'config-context',
        key: 'a',
        line: 1,
        body: {
          name: 'a',
          description: '',
          weight: 1000,
          is_active: true,
          config_context_schema: null,
          scope: {},
          data: { x: 1, y: { z: [2] } },
        },
      },
    ],
  });
});

test.each([
  ['no _metadata', 'x: 1', ['METADATA_MISSING 1:1']],
  ['_metadata that is a text', '_metadata: a', ['METADATA_INVALID 1:12']],
  ['no name', 'x: 1\n_metadata:\n  weight: 5', ['METADATA_MISSING 2:1']],
  ['an empty name', '_metadata:\n  name: "  "', ['METADATA_INVALID 2:9']],
  ['a name that is a number', '_metadata:\n  name: 10', ['METADATA_INVALID 2:9']],
  ['a name with a line break', '_metadata:\n  name: "a\\nb"', ['METADATA_INVALID 2:9']],
  ['a name of 256 characters', `_metadata:\n  name: ${'é'.repeat(256)}`, ['METADATA_INVALID 2:9']],
  ['a weight with a fraction', withMetadata('weight: 1.5'), ['METADATA_INVALID 3:11']],
  ['a weight beyond 32,767', withMetadata('weight: 32768'), ['METADATA_INVALID 3:11']],
  ['a weight below -32,768', withMetadata('weight: -32769'), ['METADATA_INVALID 3:11']],
  ['is_active that is a text', withMetadata('is_active: "true"'), ['METADATA_INVALID 3:14']],
  ['a description that is a list', withMetadata('description: [a]'), ['METADATA_INVALID 3:16']],
  ['a schema that is a mapping', withMetadata('config_context_schema: {name: s}'), ['METADATA_INVALID 3:26']],
  ['a misspelled key', withMetadata('wieght: 5'), ['METADATA_INVALID 3:3']],
  ['a scope of an older version', withMetadata('regions: [{name: x}]'), ['SCOPE_UNKNOWN 3:3']],
  ['a scope that is unknown', withMetadata('planets: [{name: x}]'), ['SCOPE_UNKNOWN 3:3']],
  ['a misspelled scope without a list', withMetadata('location: x'), ['SCOPE_UNKNOWN 3:3']],
  ['a scope in two spellings', withMetadata('device-types: []', 'device_types: []'), ['SCOPE_INVALID 4:3']],
  ['a scope that is no list', withMetadata('locations: NYC'), ['SCOPE_INVALID 3:14']],
  ['a scope that lists texts', withMetadata('roles: [{name: x}, leaf]'), ['SCOPE_INVALID 3:22']],
  ['a reference to everything', withMetadata('roles: [{}]'), ['SCOPE_INVALID 3:11']],
  ['a reference by a lookup', withMetadata('roles: [{name__ic: x}]'), ['SCOPE_INVALID 3:11']],
  ['a reference by a list', withMetadata('roles: [{name: [x]}]'), ['SCOPE_INVALID 3:11']],
  ['a text', 'just words', ['FILE_SHAPE 1:1']],
  ['null', '~', ['FILE_SHAPE 1:1']],
  ['a list with something else in it', '- _metadata: {name: a}\n- words', ['FILE_SHAPE 2:3']],
  [
    'several problems at once',
    withMetadata('weight: x', 'is_active: 1', 'sites: []'),
    ['METADATA_INVALID 3:11', 'METADATA_INVALID 4:14', 'SCOPE_UNKNOWN 5:3'],
  ],
])('refuses %s and says where', (_, content, expected) => {
  const { objects, problems } = read(content);

  expect(
    problems
      .filter(({ severity }) => severity === 'error')
      .map(shortly)
      .toSorted(),
  ).toEqual(expected.toSorted());
  expect(objects.map(({ name }) => name)).toEqual(content.startsWith('- ') ? ['a'] : []);
});

test.each([
  ['a key with stray quotes', '_metadata":\n  name: a', ['METADATA_KEY 1:1'], {}],
  ['the older key for a schema', withMetadata('schema: s'), ['METADATA_DEPRECATED 3:3'], { config_context_schema: 's' }],
  [
    'both keys for a schema',
    withMetadata('schema: s', 'config_context_schema: t'),
    ['METADATA_DEPRECATED 3:3'],
    { config_context_schema: 't' },
  ],
  ['a key that means nothing', withMetadata('owner: me'), ['METADATA_UNKNOWN 3:3'], {}],
])('%s is a warning', (_, content, expected, body) => {
  const { objects, problems } = read(content);

  expect(problems.map(shortly)).toEqual(expected);
  expect(problems.map(({ severity }) => severity)).toEqual(['warning']);
  expect(objects[0]).toMatchObject({ name: 'a', body });
});

test.each([
  ['locations/NYC 01.yaml', { locations: [{ name: 'NYC 01' }] }],
  ['device_types/c9300.yaml', { device_types: [{ model: 'c9300' }] }],
  ['device-types/c9300.yaml', { device_types: [{ model: 'c9300' }] }],
  ['tags/jcy-01.infra.example.yml', { tags: [{ name: 'jcy-01.infra.example' }] }],
])('the folder and name of %s are its scope', (path, scope) => {
  expect(read('_metadata: {name: a}\n', `config_contexts/${path}`).objects[0]?.body['scope']).toEqual(scope);
});

function scopeOf(locations: string): unknown {
  const text = `_metadata: {name: a, locations: ${locations}, roles: [{name: r}]}\n`;
  return read(text, 'config_contexts/locations/NYC.yaml').objects[0]?.body['scope'];
}

test('the scope of the file name joins what the file says, and is not said twice', () => {
  expect(scopeOf('[{name: LON}]')).toEqual({ locations: [{ name: 'LON' }, { name: 'NYC' }], roles: [{ name: 'r' }] });
  expect(scopeOf('[{name: NYC}]')).toEqual({ locations: [{ name: 'NYC' }], roles: [{ name: 'r' }] });
});

test('an implicit file holds one context, no list', () => {
  expect(read('- _metadata: {name: a}\n', 'config_contexts/locations/NYC.yaml').problems.map(shortly)).toEqual(['FILE_SHAPE 1:1']);
});

test('two Unicode forms of one name are one name', () => {
  expect(read('_metadata: {name: "Cafe\u0301"}\n').objects[0]?.key).toBe('Caf\u00e9');
});

test('a local context is kept as it is, _metadata included, under folder and file name', () => {
  const { objects, problems } = read('_metadata: {name: other}\nx: 1\n', 'config_contexts/virtual-machines/vm.01.yaml');

  expect(objects).toMatchObject([
    {
      kind: 'local-config-context',
      key: 'virtual_machines/vm.01',
      body: { target: 'virtual_machine', name: 'vm.01', data: { _metadata: { name: 'other' }, x: 1 } },
    },
  ]);
  expect(problems.map(shortly)).toEqual(['METADATA_IN_LOCAL 1:1']);
  expect(read('[1]', 'config_contexts/devices/r.json').problems.map(shortly)).toEqual(['FILE_SHAPE 1:1']);
});

test.each([
  ['t.html.j2', 'text/plain', 'j2'],
  ['t.csv', 'text/csv', 'csv'],
  ['t.json', 'application/json', 'json'],
  ['Makefile', 'text/plain', ''],
])('the export template %s has the type %s', (name, mime_type, file_extension) => {
  const code = '\ufeff{% for d in queryset %}\r\n';

  expect(read(code, `export_templates/dcim/device/${name}`)).toMatchObject({
    problems: [],
    objects: [
      { key: `dcim.device/${name}`, line: 1, body: { content_type: 'dcim.device', template_code: code, mime_type, file_extension } },
    ],
  });
});

test('a template with a NUL is refused, at its place', () => {
  expect(read('ab\nc\0d', 'export_templates/dcim/device/t').problems.map(shortly)).toEqual(['TEXT_UNSTORABLE 2:2']);
});

test.each<[string, Uint8Array, readonly string[]]>([
  ['a byte that is not UTF-8', Buffer.from([0x61, 0x3a, 0x20, 0x31, 0x0a, 0x62, 0xff]), ['FILE_ENCODING 2:2']],
  [
    'one behind a replacement character that is really there',
    Buffer.concat([Buffer.from('a: \ufffd\nb: '), Buffer.from([0xc3, 0x28])]),
    ['FILE_ENCODING 2:4'],
  ],
  ['an encoded surrogate', Buffer.from([0x61, 0xed, 0xa0, 0x80]), ['FILE_ENCODING 1:2']],
  ['UTF-16', Buffer.from('\ufeffa: 1', 'utf16le'), ['FILE_ENCODING 1:1']],
  ['a pointer to LFS', Buffer.from('version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n'), ['FILE_IS_LFS_POINTER 1']],
])('refuses %s and says where', (_, bytes, expected) => {
  expect(readContent('config_contexts/a.yaml', bytes).problems.map(shortly)).toEqual(expected);
  expect(readContent('export_templates/dcim/device/t', bytes).problems.map(shortly)).toEqual(expected);
});
