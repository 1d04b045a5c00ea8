import { v7 as newId } from 'uuid';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { BulkColumn, Database } from '#db/database.ts';
import { openTestDatabase } from '#test/support/database.ts';
import { seedOrganization, seedRepository } from '#test/support/seed.ts';

// One contract, two implementations: this file runs on the embedded database and on PostgreSQL.
let database: Database;
beforeAll(async () => {
  database = await openTestDatabase();
});
afterAll(() => database.close());

const COLUMNS: readonly BulkColumn[] = [
  { name: 'organization_id', type: 'uuid' },
  { name: 'blob_id', type: 'text' },
  { name: 'rule', type: 'text' },
  { name: 'path', type: 'text' },
  { name: 'importer_version', type: 'integer' },
  { name: 'parsed', type: 'jsonb' },
];

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

  const count = await database.transaction((tx) =>
    tx.bulkInsert(
      'parsed_files',
      COLUMNS,
      nasty.map((text, at) => [organizationId, text, 'r', `p${at}`, at, JSON.stringify({ text, nested: [text, null, 1.5] })]),
    ),
  );

  const rows = await database.kysely
    .selectFrom('parsed_files')
    .selectAll()
    .where('organization_id', '=', organizationId)
    .orderBy('importer_version')
    .execute();
  expect(count).toBe(nasty.length);
  expect(rows.map((row) => row.blob_id)).toEqual(nasty);
  expect(rows.map((row) => row.parsed)).toEqual(nasty.map((text) => ({ text, nested: [text, null, 1.5] })));
});

test('null is stored as null', async () => {
  const { organizationId } = await seedOrganization(database);
  const repositoryId = await seedRepository(database, organizationId);
  const objectId = newId();
  const lineColumns: readonly BulkColumn[] = [
    { name: 'id', type: 'uuid' },
    { name: 'organization_id', type: 'uuid' },
    { name: 'repository_id', type: 'uuid' },
    { name: 'kind', type: 'text' },
    { name: 'key', type: 'text' },
  ];

  await database.transaction((tx) =>
    tx.bulkInsert('objects', lineColumns, [[objectId, organizationId, repositoryId, 'config-context', 'k']]),
  );

  const row = await database.kysely.selectFrom('objects').selectAll().where('id', '=', objectId).executeTakeFirstOrThrow();
  expect(row).toMatchObject({ id: objectId, kind: 'config-context', key: 'k' });
});

test('more rows than one statement takes, and none of them after a rollback', async () => {
  const { organizationId } = await seedOrganization(database);
  function* rows() {
    for (let n = 0; n < 2_500; n++) yield [organizationId, `b${n}`, 'r', 'p', 1, '{}'] as const;
  }

  const failing = database.transaction(async (tx) => {
    expect(await tx.bulkInsert('parsed_files', COLUMNS, rows())).toBe(2_500);
    throw new Error('rolled back');
  });

  await expect(failing).rejects.toThrow('rolled back');
  const { count } = await database.kysely
    .selectFrom('parsed_files')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .where('organization_id', '=', organizationId)
    .executeTakeFirstOrThrow();
  expect(count).toBe(0);
});

test('a row that breaks a rule fails the whole insert and leaves the pool usable', async () => {
  const { organizationId } = await seedOrganization(database);
  const twice = [organizationId, 'same', 'r', 'p', 1, '{}'] as const;

  await expect(database.transaction((tx) => tx.bulkInsert('parsed_files', COLUMNS, [twice, twice]))).rejects.toMatchObject({
    code: '23505',
  });

  await expect(database.kysely.selectFrom('organizations').select('id').where('id', '=', organizationId).execute()).resolves.toHaveLength(
    1,
  );
});
