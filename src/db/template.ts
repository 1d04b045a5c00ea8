import { createHash } from 'node:crypto';
import { cpSync, constants, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { findPackageJSON } from 'node:module';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { MIGRATIONS_FOLDER } from './migrate.ts';

const CACHE = fileURLToPath(new URL('../../node_modules/.cache/tributary', import.meta.url));
const PREFIX = 'database-';
/** What the tables in a template come from, besides the migrations. */
const PACKAGES = ['@electric-sql/pglite', '@electric-sql/pglite-prepopulatedfs', 'pg-boss'];

/**
 * An embedded database with all tables and nothing in them, made when the packages are installed (`tributary prepare-install`): a first start
 * copies it instead of migrating, which saves a third of its time. One that is missing or of another version is not missed.
 */
export function copyTemplate(folder: string): boolean {
  const template = templatePath();
  if (!existsSync(join(template, 'PG_VERSION'))) return false;
  cpSync(template, folder, { recursive: true, mode: constants.COPYFILE_FICLONE });
  return true;
}

/** Makes the template with `make`, which is given a data folder and leaves a closed database in it. Returns whether there was something to do. */
export async function writeTemplate(make: (dataDir: string) => Promise<void>): Promise<boolean> {
  const template = templatePath();
  if (existsSync(join(template, 'PG_VERSION'))) return false;
  mkdirSync(CACHE, { recursive: true });
  const making = mkdtempSync(join(CACHE, 'making-'));
  try {
    await make(making);
    for (const name of readdirSync(CACHE))
      if (name.startsWith(PREFIX) && name !== basename(template)) rmSync(join(CACHE, name), { recursive: true, force: true });
    // Another process may have been faster.
    if (!existsSync(template)) renameSync(join(making, 'database'), template);
  } finally {
    rmSync(making, { recursive: true, force: true });
  }
  return true;
}

/** Named by all that its tables come from, so that an older one is never taken for current. */
function templatePath(): string {
  const key = createHash('sha256');
  for (const name of readdirSync(MIGRATIONS_FOLDER).toSorted()) key.update(name).update(readFileSync(join(MIGRATIONS_FOLDER, name)));
  for (const name of PACKAGES) key.update(`${name}@${versionOf(name)}\n`);
  return join(CACHE, PREFIX + key.digest('hex').slice(0, 16));
}

function versionOf(name: string): string {
  const manifest: unknown = JSON.parse(readFileSync(findPackageJSON(name, import.meta.url) ?? '', 'utf8'));
  return typeof manifest === 'object' && manifest !== null && 'version' in manifest ? String(manifest.version) : '';
}
