import { createHash } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Database } from '#db/database.ts';
import type { Problem } from '#domain/content.ts';
import type { Violation } from '#import/check-data.ts';
import { validateStage } from '#import/check/validate.ts';
import type { ParsePool } from '#import/parse-pool.ts';
import { createParsePool } from '#import/parse-pool.ts';
import { selectFiles } from '#import/select-files.ts';
import { withBodies } from '#test/support/content-reading.ts';
import { openTestDatabase } from '#test/support/database.ts';
import { seedOrganization, seedRepository } from '#test/support/seed.ts';
import type { StagedRepository } from '#test/support/staging.ts';
import { importFiles, planFiles } from '#test/support/staging.ts';

/** One folder per example file of document 002, as printed there; what each comes to stands beside it in `<example>.golden.json`. */
const EXAMPLES = fileURLToPath(new URL('../fixtures/document-002', import.meta.url));
const NEVER = new AbortController().signal;

let database: Database;
let pool: ParsePool;
beforeAll(async () => {
  database = await openTestDatabase();
  pool = createParsePool({ threads: 1, timeoutMs: 10_000, memoryMb: 256 });
});
afterAll(async () => {
  await pool.close();
  await database.close();
});

async function newRepository(): Promise<StagedRepository> {
  const { organizationId } = await seedOrganization(database);
  return { database, organizationId, repositoryId: await seedRepository(database, organizationId) };
}

async function read(examples: readonly string[], repository?: StagedRepository) {
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
  const batch = selected.files.map(({ file, rule }) => ({
    path: file.path,
    rule,
    blobId: file.blobId,
    bytes: bytesByPath.get(file.path) ?? Buffer.alloc(0),
  }));
  const files = await pool.parse(batch, NEVER);
  return planFiles(repository ?? (await newRepository()), { files, gone: 'all' }, async (planned) => {
    const violations: Violation[] = [];
    await validateStage(pool, planned.stage, (found) => violations.push(...found), NEVER);
    const problems: readonly Problem[] = [
      ...selected.problems,
      ...files.flatMap((file) => file.problems),
      ...planned.problems,
      ...violations.map(({ problem }) => problem),
    ];
    return { files, objects: files.flatMap((file) => withBodies(file).objects), plan: planned.plan, problems };
  });
}

const examples = readdirSync(EXAMPLES, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map((entry) => entry.name);

test('every example file of the document is here', () => {
  expect(examples).toHaveLength(10);
});

test.each(examples)('the example %s imports, or is refused, as it is meant', async (example) => {
  const { objects, problems } = await read([example]);

  const refused = problems.some((problem) => problem.severity === 'error');
  const shown = {
    refused,
    objects: objects.map(({ kind, name, path, line, body }) => ({ kind, name, path, line, body })),
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
    expect(beside.plan.added).toBe(2);
    expect(beside.objects.map((object) => object.kind).toSorted()).toEqual(['config-context', 'config-context-schema']);
  },
);

test('read a second time, nothing of them changes', async () => {
  const all = ['context-json', 'context-yaml-list', 'schema-json', 'context-local', 'export-template'];
  const repository = await newRepository();
  const first = await read(all, repository);
  await importFiles(repository, { files: first.files, gone: 'all' });

  const second = await read(all, repository);

  expect(first.plan).toMatchObject({ added: first.objects.length, unchanged: 0 });
  expect(second.plan).toEqual({ added: 0, changed: 0, removed: 0, moved: 0, unchanged: first.objects.length });
});
