import { promises as fs } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { MigrationInfo } from 'kysely/migration';
import { FileMigrationProvider, Migrator } from 'kysely/migration';
import type { Database } from './database.ts';

/** The schema in the database is not the one this code was written for. */
export class StaleSchemaError extends Error {
  override readonly name = 'StaleSchemaError';
}

export const MIGRATIONS_FOLDER = fileURLToPath(new URL('../../migrations', import.meta.url));

/** Brings the schema up to date under Kysely's lock, so any number of processes may try at once. Returns the names of what was applied. */
export async function migrate(database: Database): Promise<readonly string[]> {
  const { error, results = [] } = await migrator(database).migrateToLatest();
  if (error !== undefined) throw error instanceof Error ? error : new Error('the migration failed', { cause: error });
  return results.filter((result) => result.status === 'Success').map((result) => result.migrationName);
}

/** Throws StaleSchemaError unless every migration known to this code is applied, and none that it does not know. */
export async function requireCurrentSchema(database: Database): Promise<void> {
  const pending = await pendingMigrations(database);
  if (pending.length > 0) {
    throw new StaleSchemaError(
      `The database schema is not up to date: ${pending.join(', ')} not applied. Run "npx tributary migrate" first.`,
    );
  }
}

export async function pendingMigrations(database: Database): Promise<readonly string[]> {
  const migrations: readonly MigrationInfo[] = await migrator(database).getMigrations();
  return migrations.filter((migration) => migration.executedAt === undefined).map((migration) => migration.name);
}

function migrator(database: Database): Migrator {
  return new Migrator({ db: database.kysely, provider: new FileMigrationProvider({ fs, path, migrationFolder: MIGRATIONS_FOLDER }) });
}
