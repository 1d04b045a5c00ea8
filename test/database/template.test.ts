import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import { pino } from 'pino';
import { afterAll, expect, test } from 'vitest';
import { prepareTemplate } from '#app/upkeep.ts';
import { openEmbedded } from '#db/embedded.ts';
import { pendingMigrations } from '#db/migrate.ts';
import { copyTemplate } from '#db/template.ts';

const folder = mkdtempSync(join(tmpdir(), 'tributary-template-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('an embedded database that is copied from the template has every table, the queues, and nobody in it', async () => {
  await prepareTemplate();
  expect(copyTemplate(join(folder, 'database'))).toBe(true);

  const database = await openEmbedded({ dataDir: folder, log: pino({ level: 'silent' }) });

  try {
    expect(await pendingMigrations(database)).toEqual([]);
    expect(await database.kysely.selectFrom('organizations').selectAll().execute()).toEqual([]);
    const { rows } = await sql<{ readonly name: string }>`select name from pgboss.queue`.execute(database.kysely);
    expect(rows.map(({ name }) => name)).toContain('sync-repository');
  } finally {
    await database.close();
  }
});
