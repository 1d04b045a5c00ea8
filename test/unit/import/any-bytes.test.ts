import fc from 'fast-check';
import { expect, test } from 'vitest';
import { canonical } from '#import/canonical.ts';
import { hashOf } from '#import/parse-batch.ts';
import { isStorableText } from '#import/read/json-check.ts';
import type { ReadFile } from '#test/support/content-reading.ts';
import { readContent } from '#test/support/content-reading.ts';
import { PARSER_PIECES } from '#test/support/parser-pieces.ts';

const PATHS = [
  'config_contexts/a.json',
  'config_contexts/a.yaml',
  'config_contexts/locations/a.yaml',
  'config_contexts/devices/a.json',
  'config_context_schemas/a.json',
  'config_context_schemas/a.yaml',
  'export_templates/dcim/device/a.j2',
] as const;

const VALID = [
  '{"_metadata": {"name": "a", "weight": 5, "locations": [{"name": "NYC"}]}, "x": {"y": [1, -2.5e3, null, true, "z\\u00e9\\n"]}}',
  '[{"_metadata": {"name": "s"}, "data_schema": {"type": "object", "properties": {"a": {"type": "string", "pattern": "^a+$", "format": "ipv4"}}, "patternProperties": {"^b": {"$ref": "#/definitions/c"}}, "definitions": {"c": {"enum": [1]}}}}]',
  '---\n# head\n- _metadata:\n    name: a\n    roles: [{name: r}]\n  base: &b {on: yes, n: 0o17, t: 12:30}\n  list:\n    - <<: *b\n      "k": |\n        text\n        more\n    - !!str 010\n',
];

const edit = fc.record({ at: fc.nat({ max: 400 }), drop: fc.nat({ max: 12 }), put: fc.constantFrom(...PARSER_PIECES) });

function mutate(text: string, edits: readonly { readonly at: number; readonly drop: number; readonly put: string }[]): string {
  return edits.reduce((before, { at, drop, put }) => {
    const place = at % (before.length + 1);
    return before.slice(0, place) + put + before.slice(place + drop);
  }, text);
}

/** What holds for every file there can be. */
function expectSound(file: ReadFile): void {
  // A list may be empty; a file that is one object comes to it, or says why not.
  const isOneObject = /devices|export_templates/.test(file.path);
  if (isOneObject && file.objects.length === 0) expect(file.problems.some(({ severity }) => severity === 'error')).toBe(true);
  for (const { path, line, column = 1, message } of file.problems) {
    expect(path).toBe(file.path);
    expect(line ?? 1).toBeGreaterThanOrEqual(1);
    expect(column).toBeGreaterThanOrEqual(1);
    expect(message).not.toMatch(/[\p{Cc}\p{Cs}]/u);
  }
  for (const object of file.objects) {
    expect(isStorableText(object.key)).toBe(true);
    expect(object.json).toBe(canonical(object.body));
    expect(object.hash).toBe(hashOf(object.kind, object.json));
  }
}

test.each(PATHS)('any bytes as %s come to objects and problems, never to a crash', (path) => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => expectSound(readContent(path, bytes))),
    { numRuns: 300 },
  );
});

test.each(PATHS)('valid files with damage as %s come to objects and problems, the same every time', (path) => {
  fc.assert(
    fc.property(fc.constantFrom(...VALID), fc.array(edit, { minLength: 1, maxLength: 6 }), (valid, edits) => {
      const text = mutate(valid, edits);

      const file = readContent(path, text);

      expectSound(file);
      expect(readContent(path, text)).toEqual(file);
    }),
    { numRuns: 1_000 },
  );
});
