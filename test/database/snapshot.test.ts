import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Database } from '#db/database.ts';
import { readSnapshot } from '#db/snapshot.ts';
import { openTestDatabase } from '#test/support/database.ts';
import { seedOrganization, seedRepository } from '#test/support/seed.ts';

let database: Database;
beforeAll(async () => {
  database = await openTestDatabase();
});
afterAll(() => database.close());

const headOf = async (reader: Database, id: string) =>
  (await reader.kysely.selectFrom('repositories').select('current_head').where('id', '=', id).executeTakeFirstOrThrow()).current_head;

test('what is committed between two reads of one answer is seen by neither', async () => {
  const { organizationId } = await seedOrganization(database);
  const id = await seedRepository(database, organizationId);
  const moveHead = () => database.kysely.updateTable('repositories').set({ current_head: 'moved' }).where('id', '=', id).execute();
  let moving: Promise<unknown> | undefined;

  const seen = await readSnapshot(database, async (snapshot) => {
    const first = await headOf(snapshot, id);
    moving = moveHead();
    // On the embedded database the other write waits for this reading; on PostgreSQL it commits meanwhile.
    if (!database.embedded) await moving;
    return [first, await headOf(snapshot, id)];
  });

  await moving;
  expect(seen).toEqual(['', '']);
  expect(await headOf(database, id)).toBe('moved');
});

test('nothing can be written by reading', async () => {
  const { organizationId } = await seedOrganization(database);

  const writing = readSnapshot(database, (snapshot) =>
    snapshot.kysely.deleteFrom('organizations').where('id', '=', organizationId).execute(),
  );

  await expect(writing).rejects.toMatchObject({ code: '25006' });
});
