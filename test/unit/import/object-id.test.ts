import fc from 'fast-check';
import { v5 } from 'uuid';
import { expect, test } from 'vitest';
import { CONTENT_KINDS } from '#domain/content.ts';
import { objectIdsOf } from '#import/object-id.ts';

test('an id is the UUID version 5 of repository, kind and key, whatever the key holds', () => {
  fc.assert(
    fc.property(fc.uuid(), fc.constantFrom(...CONTENT_KINDS), fc.string({ unit: 'grapheme' }), (repositoryId, kind, key) => {
      expect(objectIdsOf(repositoryId)(kind, key)).toBe(v5(`${kind}\0${key}`, repositoryId));
    }),
  );
});
