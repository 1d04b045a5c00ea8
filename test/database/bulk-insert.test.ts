import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { BulkRow, Database } from '#db/database.ts';
import { openTestDatabase } from '#test/support/database.ts';
import { seedOrganization } from '#test/support/seed.ts';

// One contract, two implementations: this file runs on the embedded database and on PostgreSQL.
let database: Database;
beforeAll(async () => {
  database = await openTestDatabase();
});
afterAll(() => database.close());

const COLUMNS = ['organization_id', 'blob_id', 'rule', 'path', 'importer_version', 'parsed'];

async function insert(rows: Iterable<BulkRow>): Promise<void> {
  await database.session(new AbortController().signal, (session) => session.bulkInsert('parsed_files', COLUMNS, rows));
}

test('text and JSON arrive as they were sent, whatever they hold', async () => {
  const { organizationId } = await seedOrganization(database);
  const nasty = [
    'plain',
    'tab\there',
    'line\nbreak',
    'carriage\rreturn',
    'back\\slash',
    '\\N',
    '\\.',
    '"quoted"',
    "it's",
    'émoji 🙂',
    '',
    ' ',
  ];

  await insert(nasty.map((text, at) => [organizationId, text, 'r', `p${at}`, at, JSON.stringify({ text, nested: [text, null, 1.5] })]));

  const rows = await database.kysely
    .selectFrom('parsed_files')
    .selectAll()
    .where('organization_id', '=', organizationId)
    .orderBy('importer_version')
    .execute();
  expect(rows.map((row) => row.blob_id)).toEqual(nasty);
  expect(rows.map((row) => row.parsed)).toEqual(nasty.map((text) => ({ text, nested: [text, null, 1.5] })));
});

test('null is stored as null, in a temporary table that is there for one session', async () => {
  const never = new AbortController().signal;

  const rows = await database.session(never, async (session) => {
    await sql`create temporary table some_of_each (a text, b integer)`.execute(session.kysely);
    await session.bulkInsert(
      'some_of_each',
      ['a', 'b'],
      [
        ['', 1],
        [null, null],
      ],
    );
    const read = await session.transaction((tx) => sql`select * from some_of_each order by b`.execute(tx.kysely));
    await sql`drop table some_of_each`.execute(session.kysely);
    return read.rows;
  });

  expect(rows).toEqual([
    { a: '', b: 1 },
    { a: null, b: null },
  ]);
});

test('more rows than one piece of text holds', async () => {
  const { organizationId } = await seedOrganization(database);
  const parsed = JSON.stringify('x'.repeat(1_000));
  function* rows() {
    for (let n = 0; n < 2_500; n++) yield [organizationId, `b${n}`, 'r', 'p', 1, parsed] as const;
  }

  await insert(rows());

  const { count } = await database.kysely
    .selectFrom('parsed_files')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .where('organization_id', '=', organizationId)
    .executeTakeFirstOrThrow();
  expect(count).toBe(2_500);
});

test('a row that breaks a rule fails its insert and leaves the pool usable', async () => {
  const { organizationId } = await seedOrganization(database);
  const twice = [organizationId, 'same', 'r', 'p', 1, '{}'] as const;

  await expect(insert([twice, twice])).rejects.toMatchObject({ code: '23505' });

  await expect(database.kysely.selectFrom('organizations').select('id').where('id', '=', organizationId).execute()).resolves.toHaveLength(
    1,
  );
});
