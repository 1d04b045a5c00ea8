import type { ErrorObject } from 'ajv';
import type { Problem } from '#domain/content.ts';
import type { JsonObject } from '#domain/words.ts';
import { makeProblem } from './problem-codes.ts';
import { excerpt } from './read/excerpt.ts';
import { compileSchema } from './schema/compile.ts';

/** Data that must fulfil a schema, with where it comes from. */
export interface DataToCheck {
  readonly key: string;
  readonly name: string;
  readonly path: string;
  readonly line: number;
  /** JSON text: parsed where it is checked, off the main thread. */
  readonly data: string;
}

/** A violation, with where in the context's data it is. */
export interface Violation {
  readonly problem: Problem;
  /** Key of the context, and JSON Pointer into its data. */
  readonly key: string;
  readonly pointer: string;
}

export interface SchemaCheck {
  readonly schemaName: string;
  /** JSON text, like the data. */
  readonly schema: string;
  readonly contexts: readonly DataToCheck[];
}

/** Violations kept of one context: enough to mend it by. */
const MOST_VIOLATIONS = 100;

/** Checks contexts against their schema; every violation is named with its pointer into the data. Runs in a worker: schemas are people's code. */
export function checkData({ schemaName, schema, contexts }: SchemaCheck): readonly Violation[] {
  const compiled = compileSchema(JSON.parse(schema) as JsonObject);
  // A schema that cannot be used is reported where it is written, by the importer that read it.
  if (!compiled.ok) return [];
  const { validate } = compiled.value;
  return contexts.flatMap((context) => {
    if (validate(JSON.parse(context.data))) return [];
    const errors = validate.errors ?? [];
    const shown = errors.slice(0, MOST_VIOLATIONS).map((error) => toProblem(error, schemaName, context));
    const more = errors.length - shown.length;
    if (more === 0) return shown;
    return [
      ...shown,
      {
        problem: makeProblem('MORE_PROBLEMS', `${more} more violations in "${context.name}".`, place(context)),
        key: context.key,
        pointer: '',
      },
    ];
  });
}

function toProblem(error: ErrorObject, schemaName: string, context: DataToCheck): Violation {
  const where = error.instancePath === '' ? 'The data' : error.instancePath;
  const message = `${where} ${error.message ?? 'is not valid'}${detailOf(error)} (schema "${excerpt(schemaName, 80)}").`;
  return { problem: makeProblem('SCHEMA_VIOLATION', message, place(context)), key: context.key, pointer: error.instancePath };
}

function place({ name, path, line }: DataToCheck): { readonly object: string; readonly path: string; readonly line: number } {
  return { object: name, path, line };
}

/** What ajv keeps beside its message. */
function detailOf({ keyword, params }: ErrorObject): string {
  const values: unknown =
    keyword === 'enum'
      ? params['allowedValues']
      : keyword === 'const'
        ? params['allowedValue']
        : keyword === 'additionalProperties'
          ? params['additionalProperty']
          : undefined;
  return values === undefined ? '' : `: ${excerpt(JSON.stringify(values), 200)}`;
}
