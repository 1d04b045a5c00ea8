import type { ParsedFile, ParsedObject, Problem } from '#domain/content.ts';
import { compareProblems, compareText, makeProblem } from '#import/problem-codes.ts';

/** What a plan is: the rules of src/import/plan once more, in memory and as plainly as they can be said. The SQL has to come to the same. */
export interface ModelPlan {
  readonly added: readonly ParsedObject[];
  readonly changed: readonly ParsedObject[];
  readonly removed: readonly ParsedObject[];
  readonly unchanged: readonly ParsedObject[];
  readonly problems: readonly Problem[];
}

/** `served` is all that is served; `changedPaths` are the files whose served objects are under question. */
export function modelPlan(served: readonly ParsedObject[], files: readonly ParsedFile[], changedPaths: ReadonlySet<string>): ModelPlan {
  const parsed = files.flatMap((file) => file.objects).toSorted(comparePlace);
  const servedById = new Map(served.map((object) => [identity(object), object]));
  const claimed = new Map<string, ParsedObject>();
  const duplicates: Problem[] = [];
  for (const object of parsed) {
    const id = identity(object);
    const first = claimed.get(id) ?? servedElsewhere(servedById.get(id), changedPaths);
    if (first === undefined) claimed.set(id, object);
    else duplicates.push(duplicate(object, first));
  }
  const objects = [...claimed.values()];
  const hashBefore = (object: ParsedObject): string | undefined => servedById.get(identity(object))?.hash;
  const removed = served.filter((object) => changedPaths.has(object.path) && !claimed.has(identity(object))).toSorted(comparePlace);
  return {
    added: objects.filter((object) => hashBefore(object) === undefined),
    changed: objects.filter((object) => hashBefore(object) !== undefined && hashBefore(object) !== object.hash),
    removed,
    unchanged: objects.filter((object) => hashBefore(object) === object.hash),
    problems: [...duplicates, ...schemaProblems(served, objects, removed)].toSorted(compareProblems),
  };
}

/** A served object in a file that this import leaves alone is still there, so its name is taken. */
function servedElsewhere(object: ParsedObject | undefined, changedPaths: ReadonlySet<string>): ParsedObject | undefined {
  return object !== undefined && !changedPaths.has(object.path) ? object : undefined;
}

function duplicate(object: ParsedObject, first: ParsedObject): Problem {
  const what = object.kind.replaceAll('-', ' ');
  return makeProblem(
    'DUPLICATE_NAME',
    `The ${what} "${object.name}" is defined in ${first.path}:${first.line} and in ${object.path}:${object.line}.`,
    {
      path: object.path,
      line: object.line,
      object: object.name,
    },
  );
}

/** Contexts that name a schema which will not be there. */
function schemaProblems(
  served: readonly ParsedObject[],
  parsed: readonly ParsedObject[],
  removed: readonly ParsedObject[],
): readonly Problem[] {
  const gone = new Set(removed.filter(isSchema).map((schema) => schema.name));
  const there = new Set(
    [...served.filter((schema) => isSchema(schema) && !gone.has(schema.name)), ...parsed.filter(isSchema)].map((schema) => schema.name),
  );
  const replaced = new Set([...parsed, ...removed].map(identity));
  const staying = served.filter((object) => !replaced.has(identity(object)));
  return [...parsed, ...staying].flatMap((object) => {
    const name = object.schemaName;
    if (name === undefined || there.has(name)) return [];
    const place = { path: object.path, line: object.line, object: object.name };
    return gone.has(name)
      ? [makeProblem('SCHEMA_REMOVED', `The schema "${name}" is removed while the config context "${object.name}" names it.`, place)]
      : [makeProblem('SCHEMA_NOT_FOUND', `The config context "${object.name}" names the schema "${name}", which does not exist.`, place)];
  });
}

function isSchema(object: ParsedObject): boolean {
  return object.kind === 'config-context-schema';
}

function identity(object: ParsedObject): string {
  return `${object.kind} ${object.key}`;
}

function comparePlace(a: ParsedObject, b: ParsedObject): number {
  return compareText(a.path, b.path) || a.line - b.line || compareText(identity(a), identity(b));
}
