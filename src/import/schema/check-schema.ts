import type { Json, JsonObject } from '#domain/words.ts';
import { excerpt } from '#import/read/excerpt.ts';
import { compileSchema } from './compile.ts';
import type { SchemaFinding } from './finding.ts';
import { patternProblem } from './pattern.ts';
import { walkSchema } from './walk.ts';

/** Compiling a schema is work for its author's machine too: these are far beyond what people write (SECURITY T15). */
const MOST_BYTES = 256 * 1024;
const MOST_DEPTH = 32;
const MOST_OBJECTS = 4_000;

/** Whether a schema can be used, before anything is checked against it. Errors first found stop the deeper checks. */
export function checkSchema(schema: JsonObject): readonly SchemaFinding[] {
  const size = sizeProblem(schema);
  if (size !== undefined) return [size];
  const findings = [...referenceFindings(schema), ...patternFindings(schema)];
  if (findings.length > 0) return findings;
  const compiled = compileSchema(schema);
  if (!compiled.ok) return compiled.error.map(({ message, at }) => ({ code: 'SCHEMA_INVALID', message, at }));
  return [...compiled.value.warnings, ...typeFinding(schema)];
}

function typeFinding(schema: JsonObject): readonly SchemaFinding[] {
  if (schema['type'] === 'object' || (Array.isArray(schema['type']) && schema['type'].includes('object'))) return [];
  if (schema['type'] === undefined) return [{ code: 'SCHEMA_NO_TYPE', message: 'The schema does not say "type": "object".', at: [] }];
  return [{ code: 'SCHEMA_INVALID', message: 'Context data always is a mapping, so the schema must say "type": "object".', at: ['type'] }];
}

function sizeProblem(schema: JsonObject): SchemaFinding | undefined {
  if (JSON.stringify(schema).length > MOST_BYTES) return tooComplex(`is larger than ${MOST_BYTES / 1024} KiB`);
  let objects = 0;
  let deepest = 0;
  const visit = (value: Json, depth: number): void => {
    if (value === null || typeof value !== 'object') return;
    objects++;
    deepest = Math.max(deepest, depth);
    for (const child of Object.values(value)) visit(child, depth + 1);
  };
  visit(schema, 0);
  // A keyword and its value are two levels of JSON for one of the schema.
  if (deepest > MOST_DEPTH * 2) return tooComplex(`is nested deeper than ${MOST_DEPTH} levels`);
  return objects > MOST_OBJECTS ? tooComplex(`has more than ${MOST_OBJECTS} parts`) : undefined;
}

function tooComplex(what: string): SchemaFinding {
  return { code: 'SCHEMA_TOO_COMPLEX', message: `The schema ${what}.`, at: [] };
}

/** Only references into the schema itself are followed: nothing is fetched for a schema, ever. */
function referenceFindings(value: JsonObject): readonly SchemaFinding[] {
  return walkSchema(value, (key, child) => {
    if (key !== '$ref' && key !== '$dynamicRef' && key !== '$recursiveRef') return undefined;
    if (typeof child !== 'string' || child.startsWith('#')) return undefined;
    return { code: 'SCHEMA_REMOTE_REF', message: `${key} ${excerpt(child)} leads out of the schema; nothing is fetched.` };
  });
}

function patternFindings(value: JsonObject): readonly SchemaFinding[] {
  return walkSchema(value, (key, child, parent) => {
    const sources = key === 'pattern' && typeof child === 'string' ? [child] : parent === 'patternProperties' ? [key] : [];
    const problem = sources.map((source) => patternProblem(source)).find((text) => text !== undefined);
    return problem === undefined ? undefined : { code: 'SCHEMA_PATTERN', message: problem };
  });
}
