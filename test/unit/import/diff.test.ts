import { expect, test } from 'vitest';
import type { CurrentObject, FieldChange, ParsedObject, Plan } from '#domain/content.ts';
import type { JsonObject } from '#domain/words.ts';
import { countPlan, describePlan, namePlan } from '#import/diff.ts';
import { makeProblem } from '#import/problem-codes.ts';

const NOTHING: Plan = { added: [], changed: [], removed: [], unchanged: [], problems: [] };

function object(name: string, body: JsonObject): ParsedObject & CurrentObject {
  return {
    id: name,
    kind: 'config-context',
    key: name,
    name,
    path: `config_contexts/${name}.yaml`,
    line: 1,
    hash: JSON.stringify(body),
    body,
  };
}

function fieldsOf(before: JsonObject, after: JsonObject): readonly FieldChange[] {
  const [change] = describePlan({ ...NOTHING, changed: [{ before: object('a', before), after: object('a', after) }] });
  return change?.fields ?? [];
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
  const plan = { ...NOTHING, added: [object('a', { x: { y: 1 } })], removed: [object('b', { z: 2 })] };

  expect(describePlan(plan).map(({ action, name, fields }) => ({ action, name, fields }))).toEqual([
    { action: 'added', name: 'a', fields: [{ path: '/x', after: { y: 1 } }] },
    { action: 'removed', name: 'b', fields: [{ path: '/z', before: 2 }] },
  ]);
});

test('no more than 200 fields are listed, and a long value is cut to what can be stored', () => {
  const many = Object.fromEntries(Array.from({ length: 300 }, (_, index) => [`k${index}`, index]));

  expect(fieldsOf({}, many)).toHaveLength(200);
  expect(fieldsOf({}, { a: `${'x'.repeat(1_999)}😀` })).toEqual([{ path: '/a', after: `${'x'.repeat(1_999)}\ufffd…` }]);
});

test('names what a plan changes, up to a number', () => {
  const plan = {
    ...NOTHING,
    added: [object('a', {})],
    changed: [{ before: object('b', {}), after: object('b', { x: 1 }) }],
    removed: [object('c', {})],
  };

  expect(namePlan(plan, 9).map(({ action, name }) => [action, name])).toEqual([
    ['added', 'a'],
    ['changed', 'b'],
    ['removed', 'c'],
  ]);
  expect(namePlan(plan, 2)).toHaveLength(2);
});

test('counts objects, errors and warnings', () => {
  const same = { before: object('d', {}), after: object('d', {}) };
  const plan = { ...NOTHING, added: [object('a', {})], removed: [object('c', {})], unchanged: [same, same] };
  const problems = [makeProblem('FILE_INVALID', 'x'), makeProblem('FILE_IGNORED', 'y'), makeProblem('METADATA_IN_LOCAL', 'z')];

  expect(countPlan(plan, problems, 7)).toEqual({ added: 1, changed: 0, removed: 1, unchanged: 2, errors: 1, warnings: 1, files: 7 });
});
