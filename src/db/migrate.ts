import { promises as fs } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { sql } from 'kysely';
import { FileMigrationProvider, Migrator } from 'kysely/migration';
import type { Database } from './database.ts';

/** The schema in the database is not the one this code was written for. */
export class StaleSchemaError extends Error {
  override readonly name = 'StaleSchemaError';
}

export const MIGRATIONS_FOLDER = fileURLToPath(new URL('../../migrations', import.meta.url));

/**
 * Brings the schema up to date under Kysely's lock, so any number of processes may try at once. Returns the names of what was applied.
 * Throws StaleSchemaError where the schema is of a later version: nobody goes back by migrating.
 */
export async function migrate(database: Database): Promise<readonly string[]> {
  const { pending, unknown } = await compareMigrations(database);
  if (unknown.length > 0) throw laterSchema(unknown);
  if (pending.length === 0) return [];
  const { error, results = [] } = await migrator(database).migrateToLatest();
  if (error !== undefined) throw error instanceof Error ? error : new Error('the migration failed', { cause: error });
  return results.filter((result) => result.status === 'Success').map((result) => result.migrationName);
}

/** Throws StaleSchemaError unless every migration known to this code is applied, and none that it does not know. */
export async function requireCurrentSchema(database: Database): Promise<void> {
  const { pending, unknown } = await compareMigrations(database);
  if (unknown.length > 0) throw laterSchema(unknown);
  if (pending.length > 0) {
    throw new StaleSchemaError(
      `The database schema is not up to date: ${pending.join(', ')} not applied. Run "npx tributary migrate" first.`,
    );
  }
}

export async function pendingMigrations(database: Database): Promise<readonly string[]> {
  return (await compareMigrations(database)).pending;
}

function laterSchema(unknown: readonly string[]): StaleSchemaError {
  return new StaleSchemaError(
    `The database schema is of a later version of Tributary: ${unknown.join(', ')} not known here. Start that version, or restore a backup from before it.`,
  );
}

/**
 * What of this code the schema lacks, and what it has of a later one.
 *
 * Kysely's own look reads every migration's code and the columns of every table from the catalogs: a tenth of an embedded start, and as
 * much for each `readyz`. Names are enough while there is nothing to do.
 */
export async function compareMigrations({ kysely }: Pick<Database, 'kysely'>) {
  const known = (await fs.readdir(MIGRATIONS_FOLDER)).filter((file) => file.endsWith('.ts')).map((file) => path.basename(file, '.ts'));
  const { rows: tables } = await sql<{ readonly there: boolean }>`select to_regclass('kysely_migration') is not null as there`.execute(
    kysely,
  );
  const applied =
    tables[0]?.there === true ? (await sql<{ readonly name: string }>`select name from kysely_migration`.execute(kysely)).rows : [];
  const names = new Set(applied.map(({ name }) => name));
  return {
    pending: known.filter((name) => !names.has(name)).toSorted(),
    unknown: [...names].filter((name) => !known.includes(name)),
  };
}

function migrator(database: Database): Migrator {
  return new Migrator({ db: database.kysely, provider: new FileMigrationProvider({ fs, path, migrationFolder: MIGRATIONS_FOLDER }) });
}
