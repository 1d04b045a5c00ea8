import { expect, test } from 'vitest';
import type { FieldChange } from '#domain/content.ts';
import type { JsonObject } from '#domain/words.ts';
import { describeChange } from '#import/diff/diff.ts';

const OBJECT = { kind: 'config-context', name: 'a', path: 'config_contexts/a.yaml', line: 1 } as const;

function fieldsOf(before: JsonObject, after: JsonObject): readonly FieldChange[] {
  return describeChange({ action: 'changed', ...OBJECT, before, after }).fields;
}

test.each<[string, JsonObject, JsonObject, readonly FieldChange[]]>([
  ['a value', { a: 1, b: 2 }, { a: 1, b: 3 }, [{ path: '/b', before: 2, after: 3 }]],
  ['a value deep inside', { a: { b: { c: 1 } } }, { a: { b: { c: null } } }, [{ path: '/a/b/c', before: 1, after: null }]],
  ['a new key', { a: {} }, { a: { b: [1] } }, [{ path: '/a/b', after: [1] }]],
  ['a key that went', { a: { b: 1 } }, { a: {} }, [{ path: '/a/b', before: 1 }]],
  ['a list, as a whole', { a: [1, 2, 3] }, { a: [1, 3] }, [{ path: '/a', before: [1, 2, 3], after: [1, 3] }]],
  ['a mapping that became a text', { a: { b: 1 } }, { a: 'b' }, [{ path: '/a', before: { b: 1 }, after: 'b' }]],
  [
    'keys with a slash, a tilde or nothing',
    { 'a/b': 1, 'c~d': 1, '': 1 },
    {},
    ['/a~1b', '/c~0d', '/'].map((path) => ({ path, before: 1 })),
  ],
  [
    'keys that every object has',
    { constructor: 1 },
    { toString: 1 },
    [
      { path: '/constructor', before: 1 },
      { path: '/toString', after: 1 },
    ],
  ],
  ['nothing, where only the order of keys differs', { a: { x: 1, y: 2 } }, { a: { y: 2, x: 1 } }, []],
  ['nothing, where the order differs inside a list', { a: [{ x: 1, y: [{ p: 1, q: 2 }] }] }, { a: [{ y: [{ q: 2, p: 1 }], x: 1 }] }, []],
])('shows %s', (_, before, after, fields) => {
  expect(fieldsOf(before, after)).toEqual(fields);
});

test('an added and a removed object list their fields', () => {
  const added = describeChange({ action: 'added', ...OBJECT, before: null, after: { x: { y: 1 } } });
  const removed = describeChange({ action: 'removed', ...OBJECT, before: { z: 2 }, after: null });

  expect(added).toEqual({ action: 'added', ...OBJECT, fields: [{ path: '/x', after: { y: 1 } }] });
  expect(removed).toEqual({ action: 'removed', ...OBJECT, fields: [{ path: '/z', before: 2 }] });
});

test('no more than 200 fields are listed, and a long value is cut to what can be stored', () => {
  const many = Object.fromEntries(Array.from({ length: 300 }, (_, index) => [`k${index}`, index]));

  expect(fieldsOf({}, many)).toHaveLength(200);
  expect(fieldsOf({}, { a: `${'x'.repeat(1_999)}😀` })).toEqual([{ path: '/a', after: `${'x'.repeat(1_999)}\ufffd…` }]);
});
