import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Database } from '#db/database.ts';
import type { ParsedFile } from '#domain/content.ts';
import { validateStage } from '#import/check/validate.ts';
import type { SchemaCheck } from '#import/check-data.ts';
import { readContent } from '#test/support/content-reading.ts';
import { openTestDatabase } from '#test/support/database.ts';
import { modelPlan } from '#test/support/plan-model.ts';
import { seedOrganization, seedRepository } from '#test/support/seed.ts';
import type { PlanRequest, StagedRepository } from '#test/support/staging.ts';
import { importFiles, placed, planFiles, shapeOf } from '#test/support/staging.ts';

let database: Database;
beforeAll(async () => {
  database = await openTestDatabase();
});
afterAll(() => database.close());

/** A repository of an organization of its own, that serves what these files declare. */
async function serving(...files: readonly ParsedFile[]): Promise<StagedRepository> {
  const { organizationId } = await seedOrganization(database);
  const repository = { database, organizationId, repositoryId: await seedRepository(database, organizationId) };
  if (files.length > 0) await importFiles(repository, { files });
  return repository;
}

function context(file: string, name: string, more = ''): ParsedFile {
  return readContent(`config_contexts/${file}`, `_metadata: {name: "${name}"${more}}\nx: 1\n`);
}

function schema(file: string, name: string, type = 'integer'): ParsedFile {
  return readContent(
    `config_context_schemas/${file}`,
    `_metadata: {name: "${name}"}\ndata_schema: {type: object, properties: {x: {type: ${type}}}}\n`,
  );
}

const EMPTY = { added: [], changed: [], removed: [], unchanged: [], problems: [] };
const A = context('a.yaml', 'a');
const BOUND = context('a.yaml', 'a', ', config_context_schema: s');
const S = schema('s.yaml', 's');

test.each<[string, readonly ParsedFile[], PlanRequest, Partial<Awaited<ReturnType<typeof shapeOf>>>]>([
  ['what is new is added', [], { files: [A] }, { added: ['a in a.yaml'] }],
  ['what is the same is unchanged', [A], { files: [A] }, { unchanged: ['a in a.yaml'] }],
  ['what differs is changed', [A], { files: [context('a.yaml', 'a', ', weight: 5')] }, { changed: ['a in a.yaml'] }],
  ['what is gone is removed', [A], { files: [], gone: [A.path] }, { removed: ['a in a.yaml'] }],
  ['what nobody lists is removed when everything is read', [A], { files: [], gone: 'all' }, { removed: ['a in a.yaml'] }],
  ['what moved is the same object', [A], { files: [context('b.yaml', 'a')], gone: [A.path] }, { unchanged: ['a in b.yaml'] }],
  ['what was renamed goes and comes', [A], { files: [context('a.yaml', 'b')] }, { added: ['b in a.yaml'], removed: ['a in a.yaml'] }],
  [
    'names that were swapped are two changes of place',
    [A, context('b.yaml', 'b')],
    { files: [context('a.yaml', 'b'), context('b.yaml', 'a')] },
    { unchanged: ['b in a.yaml', 'a in b.yaml'] },
  ],
  ['a file that nobody changed keeps its objects', [A], { files: [context('b.yaml', 'b')] }, { added: ['b in b.yaml'] }],
  [
    'two files with one name: the first has it',
    [],
    { files: [context('b.yaml', 'a'), A] },
    { added: ['a in a.yaml'], problems: ['DUPLICATE_NAME in b.yaml'] },
  ],
  ['a name that an unchanged file holds is taken', [context('z.yaml', 'a')], { files: [A] }, { problems: ['DUPLICATE_NAME in a.yaml'] }],
  ['one name in two kinds is no matter', [], { files: [A, schema('a.yaml', 'a')] }, { added: ['a in a.yaml', 'a in a.yaml'] }],
  ['a schema that is not there', [], { files: [BOUND] }, { added: ['a in a.yaml'], problems: ['SCHEMA_NOT_FOUND in a.yaml'] }],
  ['a schema that is served', [S], { files: [BOUND] }, { added: ['a in a.yaml'] }],
  [
    'a schema that goes while a context that stays names it',
    [S, BOUND],
    { files: [], gone: [S.path] },
    { removed: ['s in s.yaml'], problems: ['SCHEMA_REMOVED in a.yaml'] },
  ],
  ['a schema that goes with its context', [S, BOUND], { files: [], gone: [S.path, A.path] }, { removed: ['s in s.yaml', 'a in a.yaml'] }],
  ['a schema that moves', [S, BOUND], { files: [schema('t.yaml', 's')], gone: [S.path] }, { unchanged: ['s in t.yaml'] }],
])('%s', async (_, served, request, expected) => {
  const repository = await serving(...served);

  const shape = await planFiles(repository, request, shapeOf);

  expect({ ...shape, removed: shape.removed.toSorted() }).toEqual({ ...EMPTY, ...expected, removed: (expected.removed ?? []).toSorted() });
});

test('a duplicate names both places, and the others beside it are counted', async () => {
  const repository = await serving();
  const again = readContent('config_contexts/b.json', '[\n{"_metadata": {"name": "a"}}, {"_metadata": {"name": "b"}}]');

  await planFiles(repository, { files: [again, A] }, async ({ plan, problems }) => {
    expect(problems).toMatchObject([
      {
        message: 'The config context "a" is defined in config_contexts/a.yaml:1 and in config_contexts/b.json:2.',
        path: 'config_contexts/b.json',
        line: 2,
        object: 'a',
      },
    ]);
    expect(plan).toEqual({ added: 2, changed: 0, removed: 0, unchanged: 0, moved: 0 });
  });
});

const someFiles = fc.uniqueArray(
  fc.record({
    file: fc.constantFrom('1', '2', '3', '4', '5', '6', 'Ö', '\u{ffff}'),
    name: fc.constantFrom('a', 'b', 'c', 'é'),
    weight: fc.integer({ min: 0, max: 2 }),
    isSchema: fc.boolean(),
    isBound: fc.boolean(),
    isList: fc.boolean(),
  }),
  { selector: ({ file, isSchema }) => `${file} ${isSchema}`, maxLength: 12 },
);
type Some = Parameters<Parameters<typeof someFiles.map>[0]>[0][number];

function toFile({ file, name, weight, isSchema, isBound, isList }: Some): ParsedFile {
  if (isSchema) return schema(`${file}.yaml`, name, weight === 0 ? 'integer' : 'number');
  const more = `, weight: ${weight}${isBound ? `, config_context_schema: ${name}` : ''}`;
  if (!isList) return context(`${file}.yaml`, name, more);
  const items = [name, `${name}2`].map((each) => `- _metadata: {name: "${each}"${more}}\n  x: 1\n`);
  return readContent(`config_contexts/${file}.yaml`, items.join(''));
}

/** What of the files can be served: the first of each name, and nothing whose schema is not there. */
function servable(files: readonly ParsedFile[]): readonly ParsedFile[] {
  const { added, problems } = modelPlan([], files, new Set());
  const refused = new Set(problems.map(({ path, object }) => `${path} ${object}`));
  const kept = new Set(added.filter(({ path, name }) => !refused.has(`${path} ${name}`)));
  return files.map((file) => ({ ...file, objects: file.objects.filter((object) => kept.has(object)) }));
}

test('whatever is served and read, the plan is the one that its rules say, in any order of files', async () => {
  await fc.assert(
    fc.asyncProperty(someFiles, someFiles, fc.boolean(), fc.func(fc.integer()), async (before, after, isAll, rank) => {
      const served = servable(before.map(toFile));
      const files = after.map(toFile);
      const gone = isAll ? 'all' : served.map(({ path }) => path).filter((path) => rank(path) % 2 === 0);
      const repository = await serving(...served);
      const objects = served.flatMap((file) => file.objects);
      const paths = new Set([...files.map(({ path }) => path), ...(gone === 'all' ? objects.map(({ path }) => path) : gone)]);
      const expected = modelPlan(objects, files, paths);

      await planFiles(repository, { files: files.toSorted((a, b) => rank(a.path) - rank(b.path)), gone }, async (planned) => {
        const shape = await shapeOf(planned);
        expect({ ...shape, problems: planned.problems }).toEqual({
          added: expected.added.map(placed),
          changed: expected.changed.map(placed),
          removed: expected.removed.map(placed),
          unchanged: expected.unchanged.map(placed),
          problems: expected.problems,
        });
        expect(planned.plan).toMatchObject({ added: expected.added.length, unchanged: expected.unchanged.length });
      });
    }),
    { numRuns: 60 },
  );
}, 120_000);

test('what was imported changes nothing when it comes again', async () => {
  await fc.assert(
    fc.asyncProperty(someFiles, someFiles, async (first, second) => {
      const files = servable(second.map(toFile));
      const repository = await serving(...servable(first.map(toFile)));
      await importFiles(repository, { files, gone: 'all' });

      const again = await planFiles(repository, { files, gone: 'all' }, async ({ plan }) => plan);

      const objects = files.flatMap((file) => file.objects).length;
      expect(again).toEqual({ added: 0, changed: 0, removed: 0, moved: 0, unchanged: objects });
    }),
    { numRuns: 20 },
  );
}, 120_000);

test('what names a schema is checked when either of the two changes, where it now is', async () => {
  const repository = await serving(S, BOUND);
  const moved = context('moved.yaml', 'a', ', config_context_schema: s');
  const changed = schema('s.yaml', 's', 'string');
  const checked = (files: readonly ParsedFile[], gone: readonly string[] = []) =>
    planFiles(repository, { files, gone }, async ({ stage }) => {
      const checks: SchemaCheck[] = [];
      const pool = { check: async (check: SchemaCheck) => (checks.push(check), []) };
      await validateStage(pool, stage, () => undefined, new AbortController().signal);
      return checks.map(({ schemaName, schema: used, contexts }) => [
        schemaName,
        used.includes('string'),
        ...contexts.map(({ path, data }) => `${path} ${data}`),
      ]);
    });

  expect(await checked([BOUND])).toEqual([]);
  expect(await checked([changed])).toEqual([['s', true, `${BOUND.path} {"x": 1}`]]);
  expect(await checked([context('a.yaml', 'a', ', weight: 1, config_context_schema: s')])).toEqual([
    ['s', false, `${BOUND.path} {"x": 1}`],
  ]);
  expect(await checked([changed, moved], [BOUND.path])).toEqual([['s', true, `${moved.path} {"x": 1}`]]);
});
