import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createFileList } from '#import/file-list.ts';

const file = fc.record({
  file: fc.record({
    path: fc.string({ unit: fc.constantFrom('a', '/', ' ', '\n', 'é', '🙂', '\u2028'), minLength: 1, maxLength: 200 }),
    blobId: fc.constantFrom('', '0'.repeat(40), 'f'.repeat(64)),
    sizeBytes: fc.nat(),
  }),
  rule: fc.constantFrom('config-context/explicit', 'export-template'),
  version: fc.constantFrom(1, 2),
});

test('a list gives back what was added, as often as it is read', () => {
  fc.assert(
    fc.property(fc.array(file, { maxLength: 2_000, size: 'max' }), (files) => {
      const list = createFileList();
      files.forEach(list.add);

      expect(list).toHaveLength(files.length);
      expect([...list]).toEqual(files);
      expect([...list]).toEqual(files);
    }),
    { numRuns: 30 },
  );
});
