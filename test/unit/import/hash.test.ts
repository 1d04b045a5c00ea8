import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Json } from '#domain/words.ts';
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
      expect(hashOf('config-context', reversed(value))).toBe(hashOf('config-context', value));
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
  expect(hashOf('config-context', a)).not.toBe(hashOf('config-context', b));
});

test('the same body in two kinds is not the same', () => {
  expect(hashOf('config-context', {})).not.toBe(hashOf('local-config-context', {}));
});
