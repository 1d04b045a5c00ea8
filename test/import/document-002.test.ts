import { createHash } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { CurrentObject, ParsedFile } from '#domain/content.ts';
import { objectId } from '#import/object-id.ts';
import type { ParsePool } from '#import/parse-pool.ts';
import { createParsePool } from '#import/parse-pool.ts';
import { planImport } from '#import/plan.ts';
import { selectFiles } from '#import/select-files.ts';
import { validatePlan } from '#import/validate.ts';

/** One folder per example file of document 002, as printed there; what each comes to stands beside it in `<example>.golden.json`. */
const EXAMPLES = fileURLToPath(new URL('../fixtures/document-002', import.meta.url));
const REPOSITORY = '018f0000-0000-7000-8000-000000000000';

let pool: ParsePool;
beforeAll(() => {
  pool = createParsePool({ threads: 1, timeoutMs: 10_000, memoryMb: 256 });
});
afterAll(() => pool.close());

async function read(examples: readonly string[], served: readonly CurrentObject[] = []) {
  const bytesByPath = new Map(
    examples.flatMap((example) => {
      const root = join(EXAMPLES, example);
      const entries = readdirSync(root, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
      return entries.map(
        (entry) => [relative(root, join(entry.parentPath, entry.name)), readFileSync(join(entry.parentPath, entry.name))] as const,
      );
    }),
  );
  const tree = [...bytesByPath].map(([path, bytes]) => ({
    path,
    blobId: createHash('sha1').update(bytes).digest('hex'),
    sizeBytes: bytes.length,
  }));
  const selected = selectFiles(tree, { pathPrefix: '', providedContents: null, ignore: undefined });
  const signal = AbortSignal.timeout(20_000);
  const batch = selected.files.map(({ file, rule }) => ({
    path: file.path,
    rule,
    blobId: file.blobId,
    bytes: bytesByPath.get(file.path) ?? Buffer.alloc(0),
  }));
  const files: readonly ParsedFile[] = await pool.parse(batch, signal);
  const snapshot = {
    repositoryId: REPOSITORY,
    objects: served,
    schemas: served.filter((object) => object.kind === 'config-context-schema'),
  };
  const plan = planImport(snapshot, files, new Set(tree.map((file) => file.path)));
  const violations = await validatePlan(pool, plan, snapshot, signal);
  const problems = [
    ...selected.problems,
    ...files.flatMap((file) => file.problems),
    ...plan.problems,
    ...violations.map(({ problem }) => problem),
  ];
  return { plan, problems };
}

const examples = readdirSync(EXAMPLES, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map((entry) => entry.name);

test('every example file of the document is here', () => {
  expect(examples).toHaveLength(10);
});

test.each(examples)('the example %s imports, or is refused, as it is meant', async (example) => {
  const { plan, problems } = await read([example]);

  const refused = problems.some((problem) => problem.severity === 'error');
  const shown = {
    refused,
    objects: plan.added.map(({ kind, name, path, line, body }) => ({ kind, name, path, line, body })),
    problems: problems.map(({ severity, code, message, path, line, column }) => ({ severity, code, message, path, line, column })),
  };
  await expect(`${JSON.stringify(shown, undefined, 2)}\n`).toMatchFileSnapshot(join(EXAMPLES, `${example}.golden.json`));
});

test.each(['context-json', 'context-implicit-json', 'context-implicit-yaml'])(
  '%s names a schema: without it the example is refused, beside it it imports',
  async (example) => {
    const alone = await read([example]);
    const beside = await read([example, 'schema-json']);

    expect(alone.problems).toContainEqual(expect.objectContaining({ severity: 'error', code: 'SCHEMA_NOT_FOUND' }));
    expect(beside.problems.filter((problem) => problem.severity === 'error')).toEqual([]);
    expect(beside.plan.added.map((object) => object.kind).toSorted()).toEqual(['config-context', 'config-context-schema']);
  },
);

test('read a second time, nothing of them changes and every id is the same', async () => {
  const all = ['context-json', 'context-yaml-list', 'schema-json', 'context-local', 'export-template'];
  const first = await read(all);
  const served = first.plan.added.map((object) => ({ ...object, id: objectId(REPOSITORY, object.kind, object.key) }));

  const second = await read(all, served);

  expect([second.plan.added, second.plan.changed, second.plan.removed]).toEqual([[], [], []]);
  expect(second.plan.unchanged.map(({ before }) => before.id).toSorted()).toEqual(served.map(({ id }) => id).toSorted());
});
