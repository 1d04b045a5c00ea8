import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Database } from '#db/database.ts';
import type { ParsedFile } from '#domain/content.ts';
import { withStage } from '#import/stage/store.ts';
import { openLine } from '#import/store.ts';
import { readContent } from '#test/support/content-reading.ts';
import { openTestDatabase } from '#test/support/database.ts';
import { seedOrganization, seedRepository } from '#test/support/seed.ts';
import type { StagedRepository } from '#test/support/staging.ts';
import { importFiles } from '#test/support/staging.ts';
import { untilTrue } from '#test/support/until.ts';

let database: Database;
beforeAll(async () => {
  database = await openTestDatabase();
});
afterAll(() => database.close());

const signal = new AbortController().signal;

async function newRepository(): Promise<StagedRepository> {
  const { organizationId } = await seedOrganization(database);
  return { database, organizationId, repositoryId: await seedRepository(database, organizationId) };
}

async function countStages(): Promise<number> {
  const { rows } = await sql<{ readonly count: number }>`
    select count(*)::integer as count from pg_class where relname like 'staged\\_%' or relname like 'paths\\_%' or relname like 'changes\\_%'
  `.execute(database.kysely);
  return rows[0]?.count ?? -1;
}

async function stageOf({ organizationId, repositoryId }: StagedRepository) {
  return { repositoryId, line: await openLine(database, { organizationId, repositoryId, branch: 'main' }), signal };
}

function contextOf(name: string, x = 1): ParsedFile {
  return readContent(`config_contexts/${name}.yaml`, `_metadata: {name: ${name}}\nx: ${x}\n`);
}

test('several stages are open at once, and nothing is left of them however they end', async () => {
  const [one, two] = [await stageOf(await newRepository()), await stageOf(await newRepository())];
  const file = contextOf('a');

  const tables = await withStage(database, one, (first) =>
    withStage(database, two, async (second) => {
      await first.addObjects(file.objects);
      await second.addPaths([file.path]);
      return countStages();
    }),
  );
  const failing = withStage(database, one, (stage) => stage.addObjects(file.objects.map((object) => ({ ...object, json: '{' }))));

  await expect(failing).rejects.toMatchObject({ code: '22P02' });
  expect(tables).toBe(6);
  await untilTrue('the connection to be gone with its tables', async () => (await countStages()) === 0);
});

test('content goes with its repository, its names are free, and what others serve stays', async () => {
  const repository = await newRepository();
  const other = { ...repository, repositoryId: await seedRepository(database, repository.organizationId) };
  await importFiles(repository, { files: [contextOf('a'), contextOf('b')] });
  await importFiles(repository, { files: [contextOf('a', 2)], gone: [contextOf('b').path] });
  await importFiles(other, { files: [contextOf('c')] });
  await expect(importFiles(other, { files: [contextOf('a')] })).rejects.toThrow('owned by other repositories');

  await database.kysely.deleteFrom('repositories').where('id', '=', repository.repositoryId).execute();

  const left = async (table: 'objects' | 'object_versions' | 'name_claims') =>
    (await database.kysely.selectFrom(table).selectAll().execute()).length;
  expect([await left('objects'), await left('object_versions'), await left('name_claims')]).toEqual([1, 1, 1]);
  await importFiles(other, { files: [contextOf('a')] });
  expect(await left('name_claims')).toBe(2);
  await database.kysely.deleteFrom('organizations').where('id', '=', repository.organizationId).execute();
  expect([await left('objects'), await left('object_versions'), await left('name_claims')]).toEqual([0, 0, 0]);
});
