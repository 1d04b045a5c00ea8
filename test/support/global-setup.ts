import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { pino } from 'pino';
import type { TestProject } from 'vitest/node';
import { openEmbedded } from '#db/embedded.ts';
import { MIGRATIONS_FOLDER, migrate } from '#db/migrate.ts';
import { openPostgres } from '#db/postgres.ts';

/** Where a test file gets its database from: a prepared folder to copy, or a template database to clone. */
export type TestDatabaseSource =
  | { readonly kind: 'embedded'; readonly folder: string }
  | { readonly kind: 'postgres'; readonly serverUrl: string; readonly template: string };

declare module 'vitest' {
  interface ProvidedContext {
    readonly testDatabase: TestDatabaseSource;
  }
}

const CACHE = fileURLToPath(new URL('../../node_modules/.cache/tributary-test', import.meta.url));
const log = pino({ level: 'silent' });

/** Makes the migrated database once per version of the migrations; every test file starts from a copy of it. */
export default async function setUp(project: TestProject): Promise<void> {
  const serverUrl = process.env['TEST_DATABASE_URL'];
  const version = versionOfMigrations();
  project.provide(
    'testDatabase',
    serverUrl === undefined || serverUrl === ''
      ? { kind: 'embedded', folder: await prepareFolder(version) }
      : { kind: 'postgres', serverUrl, template: await prepareTemplate(serverUrl, version) },
  );
}

function versionOfMigrations(): string {
  const hash = createHash('sha256');
  for (const name of readdirSync(MIGRATIONS_FOLDER).toSorted()) hash.update(name).update(readFileSync(join(MIGRATIONS_FOLDER, name)));
  // A data folder belongs to the version of the embedded database that made it.
  hash.update(readFileSync(new URL('../../node_modules/@electric-sql/pglite/package.json', import.meta.url)));
  return hash.digest('hex').slice(0, 12);
}

/** Built beside and renamed: test runs that start at the same time never see half a folder. */
async function prepareFolder(version: string): Promise<string> {
  const folder = join(CACHE, version);
  if (existsSync(folder)) return folder;
  const making = join(CACHE, `${version}.${process.pid}`);
  mkdirSync(making, { recursive: true });
  const database = await openEmbedded({ dataDir: making, log });
  await migrate(database);
  await database.close();
  moveUnlessThere(making, folder);
  return folder;
}

function moveUnlessThere(from: string, to: string): void {
  mkdirSync(dirname(to), { recursive: true });
  try {
    renameSync(from, to);
  } catch (error) {
    if (!existsSync(to)) cpSync(from, to, { recursive: true });
    rmSync(from, { recursive: true, force: true });
    if (!existsSync(to)) throw error;
  }
}

async function prepareTemplate(serverUrl: string, version: string): Promise<string> {
  const template = `tributary_template_${version}`;
  const admin = new pg.Client({ connectionString: serverUrl });
  await admin.connect();
  try {
    // Two test runs on one server: the second waits here and finds the template made.
    await admin.query('select pg_advisory_lock(hashtext($1))', [template]);
    const { rows } = await admin.query('select 1 from pg_database where datname = $1', [template]);
    if (rows.length > 0) return template;
    const making = `${template}_new`;
    await admin.query(`drop database if exists ${making} with (force)`);
    await admin.query(`create database ${making}`);
    const url = new URL(serverUrl);
    url.pathname = `/${making}`;
    const database = openPostgres({ url: url.href, maxConnections: 2, log });
    await migrate(database);
    await database.close();
    await admin.query(`alter database ${making} rename to ${template}`);
    return template;
  } finally {
    await admin.end();
  }
}
