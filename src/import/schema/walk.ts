import type { Json, JsonObject } from '#domain/words.ts';
import type { DocPath } from '#import/read/document.ts';
import type { SchemaFinding } from './finding.ts';

type Visit = (key: string, child: Json, parent: string | undefined) => Omit<SchemaFinding, 'at'> | undefined;

/** Asks `visit` of every keyword of a schema and of the schemas inside it. `parent` is `patternProperties` where the key is a pattern. */
export function walkSchema(schema: JsonObject, visit: Visit): readonly SchemaFinding[] {
  return walk(schema, [], visit);
}

/** Names of properties are not keywords, and what `const`, `enum`, `default` and `examples` hold is data. */
const DATA_KEYWORDS = ['const', 'enum', 'default', 'examples'];
const NAME_KEYWORDS = ['properties', 'patternProperties', 'definitions', '$defs', 'dependentSchemas', 'dependencies'];

function walk(value: Json, at: DocPath, visit: Visit, parent?: string): readonly SchemaFinding[] {
  if (Array.isArray(value)) return value.flatMap((child: Json, index) => walk(child, [...at, index], visit));
  if (value === null || typeof value !== 'object') return [];
  const isNames = parent !== undefined && NAME_KEYWORDS.includes(parent);
  return Object.entries(value as JsonObject).flatMap(([key, child]) => {
    const here = [...at, key];
    const finding = isNames && parent !== 'patternProperties' ? undefined : visit(key, child, isNames ? parent : undefined);
    const deeper = !isNames && DATA_KEYWORDS.includes(key) ? [] : walk(child, here, visit, isNames ? undefined : key);
    return finding === undefined ? deeper : [{ ...finding, at: here }, ...deeper];
  });
}
