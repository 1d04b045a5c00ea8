import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { CurrentObject, ParsedFile, ParsedObject, Snapshot } from '#domain/content.ts';
import { objectId } from '#import/object-id.ts';
import { planImport } from '#import/plan.ts';
import { findChecks } from '#import/validate.ts';
import { readContent } from '#test/support/content-reading.ts';

const REPOSITORY = '018f0000-0000-7000-8000-000000000000';

function context(file: string, name: string, more = ''): ParsedFile {
  return readContent(`config_contexts/${file}`, `_metadata: {name: "${name}"${more}}\nx: 1\n`);
}

function schema(file: string, name: string, type = 'integer'): ParsedFile {
  return readContent(
    `config_context_schemas/${file}`,
    `_metadata: {name: "${name}"}\ndata_schema: {type: object, properties: {x: {type: ${type}}}}\n`,
  );
}

function serve(...files: readonly ParsedFile[]): Snapshot {
  const objects = files
    .flatMap((file) => file.objects)
    .map((object): CurrentObject => ({ ...object, id: objectId(REPOSITORY, object.kind, object.key) }));
  return { repositoryId: REPOSITORY, objects, schemas: objects.filter(({ kind }) => kind === 'config-context-schema') };
}

function plan(served: Snapshot, files: readonly ParsedFile[], gone: readonly ParsedFile[] = []) {
  return planImport(served, files, new Set([...files, ...gone].map(({ path }) => path)));
}

function placed({ name, path }: ParsedObject): string {
  return `${name} in ${path.split('/').at(-1)}`;
}

function shape({ added, changed, removed, unchanged, problems }: ReturnType<typeof planImport>) {
  return {
    added: added.map(placed),
    changed: changed.map(({ after }) => placed(after)),
    removed: removed.map(placed),
    unchanged: unchanged.map(({ after }) => placed(after)),
    problems: problems.map(({ code, path }) => `${code} in ${path?.split('/').at(-1)}`),
  };
}

const EMPTY = { added: [], changed: [], removed: [], unchanged: [], problems: [] };
const NONE = serve();
const A = context('a.yaml', 'a');

test.each<[string, ReturnType<typeof plan>, Partial<ReturnType<typeof shape>>]>([
  ['what is new is added', plan(NONE, [A]), { added: ['a in a.yaml'] }],
  ['what is the same is unchanged', plan(serve(A), [A]), { unchanged: ['a in a.yaml'] }],
  ['what differs is changed', plan(serve(A), [context('a.yaml', 'a', ', weight: 5')]), { changed: ['a in a.yaml'] }],
  ['what is gone is removed', plan(serve(A), [], [A]), { removed: ['a in a.yaml'] }],
  ['what moved is the same object', plan(serve(A), [context('b.yaml', 'a')], [A]), { unchanged: ['a in b.yaml'] }],
  ['what was renamed goes and comes', plan(serve(A), [context('a.yaml', 'b')]), { added: ['b in a.yaml'], removed: ['a in a.yaml'] }],
  [
    'names that were swapped are two changes of place',
    plan(serve(A, context('b.yaml', 'b')), [context('a.yaml', 'b'), context('b.yaml', 'a')]),
    { unchanged: ['b in a.yaml', 'a in b.yaml'] },
  ],
  ['a file that nobody changed keeps its objects', plan(serve(A), [context('b.yaml', 'b')]), { added: ['b in b.yaml'] }],
  [
    'two files with one name: the first has it',
    plan(NONE, [context('b.yaml', 'a'), A]),
    { added: ['a in a.yaml'], problems: ['DUPLICATE_NAME in b.yaml'] },
  ],
  ['a name that an unchanged file holds is taken', plan(serve(context('z.yaml', 'a')), [A]), { problems: ['DUPLICATE_NAME in a.yaml'] }],
  ['one name in two kinds is no matter', plan(NONE, [A, schema('a.yaml', 'a')]), { added: ['a in a.yaml', 'a in a.yaml'] }],
  [
    'a schema that is not there',
    plan(NONE, [context('a.yaml', 'a', ', config_context_schema: s')]),
    { added: ['a in a.yaml'], problems: ['SCHEMA_NOT_FOUND in a.yaml'] },
  ],
  [
    'a schema that is served',
    plan(serve(schema('s.yaml', 's')), [context('a.yaml', 'a', ', config_context_schema: s')]),
    { added: ['a in a.yaml'] },
  ],
  [
    'a schema that goes while a context that stays names it',
    plan(serve(schema('s.yaml', 's'), context('a.yaml', 'a', ', config_context_schema: s')), [], [schema('s.yaml', 's')]),
    { removed: ['s in s.yaml'], problems: ['SCHEMA_REMOVED in a.yaml'] },
  ],
  [
    'a schema that goes with its context',
    plan(serve(schema('s.yaml', 's'), context('a.yaml', 'a', ', config_context_schema: s')), [], [schema('s.yaml', 's'), A]),
    { removed: ['s in s.yaml', 'a in a.yaml'] },
  ],
  [
    'a schema that moves',
    plan(
      serve(schema('s.yaml', 's'), context('a.yaml', 'a', ', config_context_schema: s')),
      [schema('t.yaml', 's')],
      [schema('s.yaml', 's')],
    ),
    { unchanged: ['s in t.yaml'] },
  ],
])('%s', (_, actual, expected) => {
  expect(shape(actual)).toEqual({ ...EMPTY, ...expected });
});

test('a duplicate names both places', () => {
  const { problems } = plan(NONE, [A, readContent('config_contexts/b.json', '[\n{"_metadata": {"name": "a"}}]')]);

  expect(problems).toMatchObject([
    {
      message: 'The config context "a" is defined in config_contexts/a.yaml:1 and in config_contexts/b.json:2.',
      path: 'config_contexts/b.json',
      line: 2,
      object: 'a',
    },
  ]);
});

const files = fc.uniqueArray(
  fc.record({
    file: fc.constantFrom('1', '2', '3', '4', '5', '6'),
    name: fc.constantFrom('a', 'b', 'c'),
    weight: fc.integer({ min: 0, max: 2 }),
    isSchema: fc.boolean(),
  }),
  { selector: ({ file, isSchema }) => `${file} ${isSchema}`, maxLength: 10 },
);

function toFile({
  file,
  name,
  weight,
  isSchema,
}: {
  readonly file: string;
  readonly name: string;
  readonly weight: number;
  readonly isSchema: boolean;
}): ParsedFile {
  return isSchema ? schema(`${file}.yaml`, name) : context(`${file}.yaml`, name, `, weight: ${weight}, config_context_schema: ${name}`);
}

test('the order in which files come does not matter', () => {
  fc.assert(
    fc.property(files, files, fc.func(fc.integer()), (before, after, rank) => {
      const served = serve(
        ...plan(NONE, before.map(toFile)).added.map((object) => ({ path: object.path, blobId: '', objects: [object], problems: [] })),
      );
      const parsed = after.map(toFile);
      const shuffled = parsed.toSorted((a, b) => rank(a.path) - rank(b.path));

      expect(plan(served, shuffled)).toEqual(plan(served, parsed));
    }),
  );
});

test('importing twice changes nothing the second time', () => {
  fc.assert(
    fc.property(files, (some) => {
      const parsed = some.map(toFile);
      const { added } = plan(NONE, parsed);

      const again = plan(serve({ path: '', blobId: '', objects: added, problems: [] }), parsed);

      expect([again.added, again.changed, again.removed]).toEqual([[], [], []]);
      expect(again.unchanged.map(({ after }) => after)).toEqual(added);
    }),
  );
});

test('what names a schema is checked when either of the two changes, where it now is', () => {
  const bound = context('a.yaml', 'a', ', config_context_schema: s');
  const moved = context('moved.yaml', 'a', ', config_context_schema: s');
  const served = serve(schema('s.yaml', 's'), bound);
  const changed = schema('s.yaml', 's', 'string');
  const checked = (files_: readonly ParsedFile[], gone: readonly ParsedFile[] = []) =>
    findChecks(plan(served, files_, gone), served).map(({ schemaName, schema: used, contexts }) => [
      schemaName,
      JSON.stringify(used).includes('string'),
      ...contexts.map(({ path }) => path),
    ]);

  expect(checked([bound])).toEqual([]);
  expect(checked([changed])).toEqual([['s', true, bound.path]]);
  expect(checked([context('a.yaml', 'a', ', weight: 1, config_context_schema: s')])).toEqual([['s', false, bound.path]]);
  expect(checked([changed, moved], [bound])).toEqual([['s', true, moved.path]]);
});
