import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Json } from '#domain/words.ts';
import { canonical } from '#import/canonical.ts';
import { hashOf } from '#import/parse-batch.ts';

/** What JSON can hold; -0 is left out, which JSON writes as 0. */
const json = fc.jsonValue({ stringUnit: 'grapheme' }).map((value) => JSON.parse(JSON.stringify(value)) as Json);

function reversed(value: Json): Json {
  if (value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) return value.map((item: Json) => reversed(item));
  const entries = Object.entries(value as { readonly [key: string]: Json });
  return Object.fromEntries(entries.toReversed().map(([key, item]) => [key, reversed(item)]));
}

test('the order of keys is no difference', () => {
  fc.assert(
    fc.property(json, (value) => {
      expect(canonical(reversed(value))).toBe(canonical(value));
      expect(JSON.parse(canonical(value))).toEqual(value);
    }),
  );
});

test.each<[Json, Json]>([
  [
    [1, 2],
    [2, 1],
  ],
  [{ a: 1 }, { a: '1' }],
  [{ a: null }, {}],
  [[], {}],
  [{ a: { b: 1 } }, { a: {}, b: 1 }],
  [['a', 'b'], ['a","b']],
])('%j is not %j', (a, b) => {
  expect(canonical(a)).not.toBe(canonical(b));
});

test.each<[Json, string]>([
  [{ b: 1, a: { d: [{ y: 1, x: 2 }], c: null } }, '{"a":{"c":null,"d":[{"x":2,"y":1}]},"b":1}'],
  [{ 9: 'nine', a: 1, 10: 'ten' }, '{"10":"ten","9":"nine","a":1}'],
  [{ x: [{ 2: { b: 1, a: 2 }, 11: 0 }] }, '{"x":[{"11":0,"2":{"a":2,"b":1}}]}'],
  [JSON.parse('{"b": 1, "__proto__": {"d": 1, "c": 2}}') as Json, '{"__proto__":{"c":2,"d":1},"b":1}'],
])('%j is written with its keys by code unit', (value, text) => {
  expect(canonical(value)).toBe(text);
});

test('the same body in two kinds is not the same', () => {
  expect(hashOf('config-context', '{}')).not.toBe(hashOf('local-config-context', '{}'));
});
