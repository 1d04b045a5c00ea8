import type { ParsePool } from '#import/parse-pool.ts';
import type { Stage } from '#import/stage/store.ts';
import type { SchemaCheck, Violation } from '#import/check-data.ts';
import type { NamedData } from './store.ts';
import { findSchema, readDataToCheck } from './store.ts';

/** Contexts that go to a thread together: it compiles their schema anew, which takes as long as checking a thousand of them. */
const MOST_CONTEXTS = 2_000;
const MOST_CHARACTERS = 4 * 1024 * 1024;
/** Batches that are under way at once. */
const MOST_BATCHES = 3;

/** Checks the data of a planned stage against the schemas it names, as it is read; violations go to `onViolations` in the order of batches. */
export async function validateStage(
  pool: Pick<ParsePool, 'check'>,
  stage: Stage,
  onViolations: (violations: readonly Violation[]) => void,
  signal: AbortSignal,
): Promise<void> {
  const underWay: Promise<readonly Violation[]>[] = [];
  for await (const check of readChecks(stage)) {
    const checking = pool.check(check, signal);
    // Met below in the order of batches; until then it must not count as unhandled.
    checking.catch(() => undefined);
    underWay.push(checking);
    if (underWay.length >= MOST_BATCHES) onViolations((await underWay.shift()) ?? []);
  }
  for (const checking of underWay) onViolations(await checking);
}

/** Contexts of one schema, gathered to batches. */
async function* readChecks(stage: Stage): AsyncGenerator<SchemaCheck> {
  let batch: NamedData[] = [];
  let characters = 0;
  let schema: { readonly name: string; readonly text: string | undefined } | undefined;
  for await (const context of readDataToCheck(stage)) {
    const isFull = batch.length >= MOST_CONTEXTS || characters >= MOST_CHARACTERS;
    if (batch.length > 0 && (isFull || context.schemaName !== schema?.name)) {
      yield* toCheck(schema, batch);
      batch = [];
      characters = 0;
    }
    if (context.schemaName !== schema?.name) schema = { name: context.schemaName, text: await findSchema(stage, context.schemaName) };
    batch.push(context);
    characters += context.data.length;
  }
  yield* toCheck(schema, batch);
}

/** Nothing for a schema that is not there, which the plan says of everything that names it. */
function* toCheck(
  schema: { readonly name: string; readonly text: string | undefined } | undefined,
  batch: readonly NamedData[],
): Generator<SchemaCheck> {
  if (schema?.text === undefined || batch.length === 0) return;
  yield { schemaName: schema.name, schema: schema.text, contexts: batch };
}
