import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Database } from '#db/database.ts';
import { bootstrap } from '#people/bootstrap.ts';
import { openTestDatabase } from '#test/support/database.ts';

let database: Database;
beforeAll(async () => {
  database = await openTestDatabase();
});
afterAll(() => database.close());

test('any number of processes at once make one organization, one owner and one main branch', async () => {
  const starts = await Promise.all(Array.from({ length: 8 }, () => bootstrap(database)));

  expect(new Set(starts.map((start) => JSON.stringify(start))).size).toBe(1);
  const members = await database.kysely.selectFrom('members').select(['role', 'user_id']).execute();
  expect(members).toEqual([{ role: 'owner', user_id: starts[0]?.ownerId }]);
});

test('a later start changes nothing', async () => {
  const before = await bootstrap(database);
  await database.kysely.updateTable('organizations').set({ name: 'Acme' }).execute();

  expect(await bootstrap(database)).toEqual(before);
  const { name } = await database.kysely.selectFrom('organizations').select('name').executeTakeFirstOrThrow();
  expect(name).toBe('Acme');
});
