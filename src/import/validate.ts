import type { CurrentObject, ParsedObject, Plan, Snapshot } from '#domain/content.ts';
import type { JsonObject } from '#domain/words.ts';
import type { SchemaCheck, Violation } from './check-data.ts';
import type { ParsePool } from './parse-pool.ts';

/** Contexts that go to a worker together. */
const BATCH = 500;

/** Checks context data against the schemas it names: what is new or changed, and what stays as it is under a schema that changes. */
export async function validatePlan(pool: ParsePool, plan: Plan, snapshot: Snapshot, signal: AbortSignal): Promise<readonly Violation[]> {
  const violations = await Promise.all(findChecks(plan, snapshot).map((check) => pool.check(check, signal)));
  return violations.flat();
}

/** Which data must be checked against which schema. Pure. */
export function findChecks(plan: Plan, snapshot: Snapshot): readonly SchemaCheck[] {
  const changed = [...plan.added, ...plan.changed.map(({ after }) => after)];
  const newSchemas = new Map(changed.filter(isSchema).map((schema) => [schema.name, schema]));
  const schemas = new Map<string, ParsedObject>([...snapshot.schemas.map((schema) => [schema.name, schema] as const), ...newSchemas]);
  const gone = new Set([...plan.removed, ...plan.changed.map(({ before }) => before)].map((object) => object.id));
  // An object may stay the same and still have moved: problems belong where it is now.
  const now = new Map<string, ParsedObject>(plan.unchanged.map(({ before, after }) => [before.id, after]));
  const staying = snapshot.objects
    .filter((object: CurrentObject) => !gone.has(object.id) && object.schemaName !== undefined && newSchemas.has(object.schemaName))
    .map((object) => now.get(object.id) ?? object);
  const contextsBySchema = new Map<string, ParsedObject[]>();
  for (const context of [...changed, ...staying]) {
    if (context.schemaName === undefined) continue;
    const contexts = contextsBySchema.get(context.schemaName);
    if (contexts === undefined) contextsBySchema.set(context.schemaName, [context]);
    else contexts.push(context);
  }
  return [...contextsBySchema].flatMap(([schemaName, contexts]) => {
    const schema = schemas.get(schemaName)?.body['data_schema'];
    return isObject(schema) ? inBatches(schemaName, schema, contexts) : [];
  });
}

function inBatches(schemaName: string, schema: JsonObject, contexts: readonly ParsedObject[]): readonly SchemaCheck[] {
  const checks: SchemaCheck[] = [];
  for (let at = 0; at < contexts.length; at += BATCH) {
    const batch = contexts
      .slice(at, at + BATCH)
      .map(({ key, name, path, line, body }) => ({ key, name, path, line, data: isObject(body['data']) ? body['data'] : {} }));
    checks.push({ schemaName, schema, contexts: batch });
  }
  return checks;
}

function isSchema(object: ParsedObject): boolean {
  return object.kind === 'config-context-schema';
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
