import type { FieldChange, ImportCounts, NamedChange, ObjectChange, ParsedObject, Plan, Problem } from '#domain/content.ts';
import type { Json, JsonObject } from '#domain/words.ts';
import { canonical } from './canonical.ts';

/** Fields listed of one object, and the longest value shown of one: a preview is read by people. */
const MOST_FIELDS = 200;
const MOST_VALUE_CHARACTERS = 2_000;

/** What a plan would change, by object and field. Added and removed objects list their fields too. */
export function describePlan(plan: Plan): readonly ObjectChange[] {
  return [
    ...plan.added.map((object) => describe('added', object, fieldsOf(undefined, object.body))),
    ...plan.changed.map(({ before, after }) => describe('changed', after, fieldsOf(before.body, after.body))),
    ...plan.removed.map((object) => describe('removed', object, fieldsOf(object.body, undefined))),
  ];
}

/** Which objects a plan adds, changes and removes, without their content; no more than `most`. */
export function namePlan({ added, changed, removed }: Plan, most: number): readonly NamedChange[] {
  const named = [
    ...added.slice(0, most).map((object) => name('added', object)),
    ...changed.slice(0, most).map(({ after }) => name('changed', after)),
    ...removed.slice(0, most).map((object) => name('removed', object)),
  ];
  return named.slice(0, most);
}

function name(action: ObjectChange['action'], { kind, name: objectName, path, line }: ParsedObject): NamedChange {
  return { action, kind, name: objectName, path, line };
}

function describe(action: ObjectChange['action'], object: ParsedObject, fields: readonly FieldChange[]): ObjectChange {
  return { action, kind: object.kind, name: object.name, path: object.path, line: object.line, fields: fields.slice(0, MOST_FIELDS) };
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

/** `files` is how many were read. */
export function countPlan(plan: Plan, problems: readonly Problem[], files: number): ImportCounts {
  const count = (severity: Problem['severity']): number => problems.filter((problem) => problem.severity === severity).length;
  return {
    added: plan.added.length,
    changed: plan.changed.length,
    removed: plan.removed.length,
    unchanged: plan.unchanged.length,
    errors: count('error'),
    warnings: count('warning'),
    files,
  };
}
