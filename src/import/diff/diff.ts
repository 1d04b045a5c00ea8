import type { FieldChange, ObjectChange } from '#domain/content.ts';
import type { Json, JsonObject } from '#domain/words.ts';
import { canonical } from '#import/canonical.ts';
import type { ChangedBodies } from './store.ts';

/** Fields listed of one object, and the longest value shown of one: a preview is read by people. */
const MOST_FIELDS = 200;
const MOST_VALUE_CHARACTERS = 2_000;

/** A change by field. Added and removed objects list their fields too. */
export function describeChange({ before, after, ...change }: ChangedBodies): ObjectChange {
  return { ...change, fields: fieldsOf(before ?? undefined, after ?? undefined).slice(0, MOST_FIELDS) };
}

function fieldsOf(before: JsonObject | undefined, after: JsonObject | undefined): readonly FieldChange[] {
  const fields: FieldChange[] = [];
  collect(fields, '', before, after);
  return fields;
}

/** Lists are compared as wholes: which element of a list became which is a guess. */
function collect(fields: FieldChange[], path: string, before: Json | undefined, after: Json | undefined): void {
  if (isObject(before) && isObject(after)) return collectKeys(fields, path, before, after);
  if (path === '') return collectKeys(fields, path, isObject(before) ? before : {}, isObject(after) ? after : {});
  if (before !== undefined && after !== undefined && canonical(before) === canonical(after)) return;
  fields.push({
    path,
    ...(before === undefined ? {} : { before: short(before) }),
    ...(after === undefined ? {} : { after: short(after) }),
  });
}

function collectKeys(fields: FieldChange[], path: string, before: JsonObject, after: JsonObject): void {
  for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const step = key.replaceAll('~', '~0').replaceAll('/', '~1');
    collect(
      fields,
      `${path}/${step}`,
      Object.hasOwn(before, key) ? before[key] : undefined,
      Object.hasOwn(after, key) ? after[key] : undefined,
    );
  }
}

function short(value: Json): Json {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.length <= MOST_VALUE_CHARACTERS ? value : `${text.slice(0, MOST_VALUE_CHARACTERS).toWellFormed()}…`;
}

function isObject(value: Json | undefined): value is JsonObject {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}
