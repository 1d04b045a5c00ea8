import { sql } from 'kysely';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { examineInstallation } from '#app/examine/installation.ts';
import type { Database } from '#db/database.ts';
import { StaleSchemaError, migrate, pendingMigrations, requireCurrentSchema } from '#db/migrate.ts';
import { openTestDatabase } from '#test/support/database.ts';

let database: Database;
beforeEach(async () => {
  database = await openTestDatabase();
});
afterEach(() => database.close());

const forget = (name: string) => sql`delete from kysely_migration where name = ${name}`.execute(database.kysely);

test('a schema that is up to date is left alone', async () => {
  expect(await migrate(database)).toEqual([]);
  expect(await pendingMigrations(database)).toEqual([]);
});

test('a schema that lacks a migration is refused by those that must not change it, with its name', async () => {
  await forget('0006-reports');

  await expect(requireCurrentSchema(database)).rejects.toThrow(StaleSchemaError);
  await expect(requireCurrentSchema(database)).rejects.toThrow('0006-reports');
});

test('a database without any schema lacks every migration', async () => {
  await sql`drop table kysely_migration`.execute(database.kysely);

  expect(await pendingMigrations(database)).toContain('0001-tenants');
});

test('a schema of a later version is not taken for an older one, nor worked on, and is named', async () => {
  await sql`insert into kysely_migration (name, timestamp) values ('9999-from-the-future', '2030')`.execute(database.kysely);

  for (const start of [migrate, requireCurrentSchema]) {
    const refused = start(database);
    await expect(refused).rejects.toThrow(StaleSchemaError);
    await expect(refused).rejects.toThrow(/later version.*9999-from-the-future/);
  }
});

test('a schema of a later version is what is wrong with an installation', async () => {
  await sql`insert into kysely_migration (name, timestamp) values ('9999-from-the-future', '2030')`.execute(database.kysely);

  const checks = await examineInstallation({ database, vault: undefined, version: '1' }, () => Promise.reject(new Error('not asked')));

  expect(checks.filter(({ name }) => name === 'schema')).toMatchObject([
    { state: 'fail', detail: expect.stringContaining('9999-from-the-future') },
  ]);
});
