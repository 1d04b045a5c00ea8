import { tmpdir } from 'node:os';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { Database } from '#db/database.ts';
import { createInstruments } from '#observe/registry.ts';
import { createScrape } from '#observe/scrape.ts';
import { openTestDatabase } from '#test/support/database.ts';
import { PATIENCE } from '#test/support/patience.ts';

vi.setConfig(PATIENCE);
let database: Database;

beforeAll(async () => {
  database = await openTestDatabase();
});
afterAll(() => database.close());

function openScrape() {
  const instruments = createInstruments();
  const scrape = createScrape({
    instruments,
    database,
    jobs: async () => [],
    secrets: async () => ({ first: 2, old: 1, unknown: 0 }),
    gitProcesses: () => 0,
    dataDir: tmpdir(),
    version: '1',
  });
  return { instruments, scrape };
}

test('no token is said to expire where none does', async () => {
  const text = await openScrape().scrape.render();

  expect(text).toContain('# TYPE tributary_credential_next_expiry_seconds gauge');
  expect(text).not.toMatch(/^tributary_credential_next_expiry_seconds/m);
});

test('how many secrets stand under which kind of key is said', async () => {
  const text = await openScrape().scrape.render();

  expect(text.match(/^tributary_secrets\{.*$/gm)).toEqual([
    'tributary_secrets{key="first"} 2',
    'tributary_secrets{key="old"} 1',
    'tributary_secrets{key="unknown"} 0',
  ]);
});

test('nothing is said of the installation that was true before the database went away', async () => {
  const { instruments, scrape } = openScrape();
  for (const name of ['tributary_deliveries_unrouted_oldest_seconds', 'tributary_turns_overdue', 'tributary_reports_unsent'] as const)
    instruments.set(name, {}, 7);
  const { kysely } = database;
  await kysely.schema.alterTable('deliveries').renameTo('hidden').execute();

  const text = await scrape.render();

  await kysely.schema.alterTable('hidden').renameTo('deliveries').execute();
  expect(text).toContain('tributary_database_up 0');
  expect(text.match(/^tributary_(?:deliveries|syncs|turns|reports|repositories|secrets|jobs|workers).*$/gm)).toBeNull();
});
