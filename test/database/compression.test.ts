import { sql } from 'kysely';
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Database } from '#db/database.ts';
import { openTestDatabase } from '#test/support/database.ts';
import { TEST_SERVER_URL } from '#test/support/test-server.ts';

let database: Database;
beforeAll(async () => {
  database = await openTestDatabase();
});
afterAll(() => database.close());

async function compressionOf(text: string): Promise<string | null> {
  await sql`create table if not exists compressed (body text)`.execute(database.kysely);
  await sql`insert into compressed values (${text})`.execute(database.kysely);
  const { rows } = await sql<{ how: string | null }>`select pg_column_compression(body) as how from compressed`.execute(database.kysely);
  return rows[0]?.how ?? null;
}

test.skipIf(TEST_SERVER_URL === undefined)('on PostgreSQL, what is stored is compressed by LZ4 where the server can', async () => {
  const { rows } = await sql<{ able: boolean }>`
    select 'lz4' = any (enumvals) as able from pg_settings where name = 'default_toast_compression'`.execute(database.kysely);

  expect(await compressionOf(randomUUID().repeat(1_000))).toBe(rows[0]?.able === true ? 'lz4' : 'pglz');
});
