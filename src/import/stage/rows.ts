import type { BulkRow } from '#db/database.ts';
import type { ParsedObject } from '#domain/content.ts';
import { objectIdsOf } from '#import/object-id.ts';

/** What a stage keeps of an object, in the order of `toRows`. */
export const OBJECT_COLUMNS = ['object_id', 'kind', 'key', 'name', 'path', 'line_number', 'schema_name', 'hash', 'body'] as const;

export function* toRows(repositoryId: string, objects: readonly ParsedObject[]): Generator<BulkRow> {
  const idOf = objectIdsOf(repositoryId);
  for (const { kind, key, name, path, line, schemaName, hash, json } of objects)
    yield [idOf(kind, key), kind, key, name, path, line, schemaName ?? null, hash, json];
}
