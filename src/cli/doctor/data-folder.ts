import { access, constants, stat, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Config } from '#config.ts';
import { localTokenPath, readLocalToken } from '#service-file.ts';
import type { Check } from '#domain/check.ts';
import { fail, pass, warn } from '#domain/check.ts';

const MIB = 1024 * 1024;
/** Git mirrors and the database grow; below the first a sync of one large repository fills the disk. */
const LITTLE_SPACE = 2_048 * MIB;
const NO_SPACE = 256 * MIB;

/** The folder and the secrets in it. Looks only: nothing is made or changed. */
export async function checkDataFolder({ dataDir, secretKeys, databaseUrl }: Config): Promise<readonly Check[]> {
  const present = await statIfThere(dataDir);
  if (present !== undefined && !present.isDirectory()) {
    return [fail('data-folder', `${dataDir} is not a folder.`, 'Remove the file or set TRIBUTARY_DATA_DIR.')];
  }
  const checks = [
    present === undefined ? await checkParent(dataDir) : await checkFolder(dataDir, present.mode),
    await checkSpace(present === undefined ? await nearestFolder(dataDir) : dataDir),
  ];
  const keys = await checkSecretKeys(dataDir, secretKeys?.length, databaseUrl !== undefined);
  return [...checks, keys, await checkLocalToken(dataDir)];
}

async function checkFolder(dataDir: string, mode: number): Promise<Check> {
  const writable = await isWritable(dataDir);
  if (!writable)
    return fail('data-folder', `${dataDir} cannot be written by this user.`, 'Give it to the user who runs the service (chown).');
  if ((mode & 0o077) !== 0) {
    return warn(
      'data-folder',
      `${dataDir} is open to other users (mode ${octal(mode)}).`,
      `It holds secrets and mirrors: chmod 700 ${dataDir}`,
    );
  }
  return pass('data-folder', `${dataDir} is writable and private.`);
}

async function checkParent(dataDir: string): Promise<Check> {
  const parent = await nearestFolder(dataDir);
  if (await isWritable(parent)) return pass('data-folder', `${dataDir} is made at the first start.`);
  return fail(
    'data-folder',
    `${dataDir} cannot be made: ${parent} is not writable.`,
    'Set TRIBUTARY_DATA_DIR to a folder that this user may write.',
  );
}

async function checkSpace(folder: string): Promise<Check> {
  const { bavail, bsize } = await statfs(folder);
  const free = bavail * bsize;
  const detail = `${Math.floor(free / MIB).toLocaleString('en')} MiB are free on the disk of ${folder}.`;
  if (free < NO_SPACE) return fail('disk-space', detail, 'Free space, or move the data folder with TRIBUTARY_DATA_DIR.');
  if (free < LITTLE_SPACE) return warn('disk-space', detail, 'Enough for small repositories only.');
  return pass('disk-space', detail);
}

/** The generated key is a file; lost, no stored token can be read again. */
async function checkSecretKeys(dataDir: string, configured: number | undefined, shared: boolean): Promise<Check> {
  const name = 'secret-keys';
  if (configured !== undefined) return pass(name, `TRIBUTARY_SECRET_KEYS holds ${configured} usable ${configured === 1 ? 'key' : 'keys'}.`);
  if (shared) return fail(name, 'DATABASE_URL is set and TRIBUTARY_SECRET_KEYS is not.', 'Make one with: openssl rand -base64 32');
  const file = join(dataDir, 'secret-key');
  const present = await statIfThere(file);
  if (present === undefined) return pass(name, `A key is generated at the first start, in ${file}.`);
  if ((present.mode & 0o077) !== 0) return fail(name, `${file} is open to other users (mode ${octal(present.mode)}).`, `chmod 600 ${file}`);
  return pass(name, `The generated key in ${file} is private. Back it up with the database.`);
}

async function checkLocalToken(dataDir: string): Promise<Check> {
  const name = 'local-token';
  const file = localTokenPath(dataDir);
  const present = await statIfThere(file);
  if (present === undefined) return pass(name, 'Made when the service starts.');
  if ((present.mode & 0o077) !== 0) {
    return fail(
      name,
      `${file} is open to other users (mode ${octal(present.mode)}).`,
      `It acts as an owner. Remove it and start again: rm ${file}`,
    );
  }
  if ((await readLocalToken(dataDir)) === undefined)
    return fail(name, `${file} holds no usable token.`, `Remove it and start again: rm ${file}`);
  return pass(name, `${file} is private.`);
}

async function statIfThere(path: string) {
  try {
    return await stat(path);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

async function nearestFolder(path: string): Promise<string> {
  const parent = dirname(path);
  return parent === path || (await statIfThere(parent)) !== undefined ? parent : nearestFolder(parent);
}

async function isWritable(path: string): Promise<boolean> {
  return access(path, constants.W_OK | constants.X_OK).then(
    () => true,
    () => false,
  );
}

function octal(mode: number): string {
  return (mode & 0o777).toString(8).padStart(3, '0');
}
