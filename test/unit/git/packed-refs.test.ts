import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatPackedRefs, parsePackedRefs } from '#git/packed-refs.ts';
import { isSafeRef } from '#git/ref-name.ts';

const id = fc.stringMatching(/^[0-9a-f]{40}$/);
const ref = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }).map((name) => `refs/heads/${name}`);

test('what is written is what is read, in the order of bytes that Git searches by', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(ref.filter(isSafeRef), id)), (entries) => {
      const refs = new Map(entries);

      const text = formatPackedRefs(refs);

      expect(parsePackedRefs(text)).toEqual(refs);
      const names = [...parsePackedRefs(text).keys()];
      expect(names).toEqual(names.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))));
    }),
  );
});

test('reads past what Git adds for annotated tags', () => {
  const tag = 'a'.repeat(40);
  const text = `# pack-refs with: peeled fully-peeled sorted \n${tag} refs/tags/v1\n^${'b'.repeat(40)}\n`;

  expect(parsePackedRefs(text)).toEqual(new Map([['refs/tags/v1', tag]]));
});
