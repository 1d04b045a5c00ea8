import type { CurrentObject, ParsedFile, ParsedObject, Plan, Problem, Snapshot } from '#domain/content.ts';
import { compareProblems, compareText, makeProblem } from './problem-codes.ts';

/**
 * What an import would do: pure, and the same whatever order the files come in. `changedPaths` are the files whose served objects
 * are under question; for an import that reads everything these are all of them. An object that moved to another file is the same object.
 */
export function planImport(snapshot: Snapshot, files: readonly ParsedFile[], changedPaths: ReadonlySet<string>): Plan {
  const parsed = files.flatMap((file) => file.objects).toSorted(comparePlace);
  const served = new Map(snapshot.objects.map((object) => [identity(object), object]));
  const claimed = new Map<string, ParsedObject>();
  const problems: Problem[] = [];
  for (const object of parsed) {
    const id = identity(object);
    const first = claimed.get(id) ?? servedElsewhere(served.get(id), changedPaths);
    if (first === undefined) claimed.set(id, object);
    else problems.push(duplicate(object, first));
  }
  const removed = snapshot.objects
    .filter((object) => changedPaths.has(object.path) && !claimed.has(identity(object)))
    .toSorted(comparePlace);
  const pairs = [...claimed.values()].map((after) => ({ before: served.get(identity(after)), after }));
  const known = pairs.flatMap(({ before, after }) => (before === undefined ? [] : [{ before, after }]));
  return {
    added: pairs.flatMap(({ before, after }) => (before === undefined ? [after] : [])),
    changed: known.filter(({ before, after }) => before.hash !== after.hash),
    removed,
    unchanged: known.filter(({ before, after }) => before.hash === after.hash),
    problems: [...problems, ...schemaProblems(snapshot, [...claimed.values()], removed)].toSorted(compareProblems),
  };
}

/** A served object in a file that this import leaves alone is still there, so its name is taken. */
function servedElsewhere(object: CurrentObject | undefined, changedPaths: ReadonlySet<string>): CurrentObject | undefined {
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
function schemaProblems(snapshot: Snapshot, parsed: readonly ParsedObject[], removed: readonly CurrentObject[]): readonly Problem[] {
  const gone = new Set(removed.filter(isSchema).map((schema) => schema.name));
  const there = new Set(
    [...snapshot.schemas.filter((schema) => !gone.has(schema.name)), ...parsed.filter(isSchema)].map((schema) => schema.name),
  );
  const replaced = new Set([...parsed, ...removed].map(identity));
  const staying = snapshot.objects.filter((object) => !replaced.has(identity(object)));
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
