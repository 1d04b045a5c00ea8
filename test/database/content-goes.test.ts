import { v7 } from 'uuid';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Database } from '#db/database.ts';
import { openLine } from '#import/store.ts';
import { openTestDatabase } from '#test/support/database.ts';
import { seedOrganization, seedRepository } from '#test/support/seed.ts';

let database: Database;
beforeAll(async () => {
  database = await openTestDatabase();
});
afterAll(() => database.close());

test.each(['lines', 'repositories', 'branches', 'organizations'] as const)(
  'when %s are deleted, nothing of their content stays behind',
  async (table) => {
    const { organizationId } = await seedOrganization(database);
    const repositoryId = await seedRepository(database, organizationId);
    const line = await openLine(database, { organizationId, repositoryId, branch: 'main' });
    const objectId = v7();
    const named = { kind: 'document', key: 'a' };
    await database.kysely
      .insertInto('objects')
      .values({ id: objectId, organization_id: organizationId, repository_id: repositoryId, ...named })
      .execute();
    const place = { name: 'a', path: 'a.json', line_number: 1, body: '{}', hash: 'x' };
    await database.kysely
      .insertInto('object_versions')
      .values({ object_id: objectId, line_id: line.id, from_import: 1, ...named, ...place })
      .execute();

    await database.kysely.deleteFrom(table).execute();

    expect(await database.kysely.selectFrom('object_versions').select('id').execute()).toEqual([]);
  },
);
