import { FolderInUseError } from '#db/folder-lock.ts';
import { StaleSchemaError } from '#db/migrate.ts';
import { isFailure } from '#domain/failure.ts';
import { CommandError, EXIT } from './exit.ts';

/** Waits for a start, and puts what keeps it from succeeding into words for the person at the command line. */
export async function starting<T>(start: Promise<T>): Promise<T> {
  try {
    return await start;
  } catch (error) {
    const explained = explain(error);
    // What nobody foresaw keeps its stack, so that it can be looked into.
    throw explained.exitCode === EXIT.failed ? error : explained;
  }
}

const NO_FOLDER: readonly [string, string] = [
  'The data folder cannot be made, because a file is in its place or above it.',
  'Remove the file or set TRIBUTARY_DATA_DIR.',
];

const BY_CODE: Readonly<Record<string, readonly [message: string, help: string]>> = {
  EADDRINUSE: [
    'The port is in use by another program.',
    'Stop it, or choose another port with PORT or TRIBUTARY_METRICS_PORT, whichever it is.',
  ],
  EADDRNOTAVAIL: [
    'This machine does not have the address of HOST.',
    'Set HOST to an address of this machine, or to 0.0.0.0 for all of them.',
  ],
  EACCES: ['The system refused a file or port.', 'Check the permissions of the data folder; ports below 1024 belong to root.'],
  ENOENT: [
    'A folder that the start needs cannot be made, or a file of it is not there.',
    'Where it is in the data folder, set TRIBUTARY_DATA_DIR to one that this user may write.',
  ],
  EEXIST: NO_FOLDER,
  ENOTDIR: NO_FOLDER,
  EROFS: ['The file system of the data folder is read-only.', 'Set TRIBUTARY_DATA_DIR to a folder that this user may write.'],
  ECONNREFUSED: ['PostgreSQL does not answer.', 'Check that it runs at the address of DATABASE_URL.'],
  ENOTFOUND: ['The host of DATABASE_URL cannot be found.', 'Check the name.'],
  ENOSPC: ['The disk is full.', 'Free space under the data folder.'],
  '28P01': ['PostgreSQL refused the password of DATABASE_URL.', 'Check user name and password.'],
  '28000': ['PostgreSQL refused the user of DATABASE_URL.', 'Check user name and pg_hba.conf.'],
  '3D000': ['The database of DATABASE_URL does not exist.', 'Create it: createdb <name>.'],
  '42501': ['The user of DATABASE_URL may not do what is needed.', 'Make it the owner of the database.'],
};

/** What went wrong, in words; for what nobody foresaw, its own message. */
export function explain(error: unknown): CommandError {
  if (error instanceof StaleSchemaError || error instanceof FolderInUseError)
    return new CommandError(EXIT.usage, error.message, undefined, error);
  if (isFailure(error)) return new CommandError(EXIT.usage, error.message, error.help, error);
  const { code, message } = describe(error);
  const known = code === undefined ? undefined : BY_CODE[code];
  if (known !== undefined) return new CommandError(EXIT.usage, `${known[0]} (${code}: ${message})`, known[1], error);
  return new CommandError(EXIT.failed, message, undefined, error);
}

/** Of a chain of causes, the first code; Node puts several refused addresses into one AggregateError that has it too, and no message. */
function describe(error: unknown): { readonly code: string | undefined; readonly message: string } {
  if (!(error instanceof Error)) return { code: undefined, message: String(error) };
  if ('code' in error && typeof error.code === 'string') {
    const [first] = error instanceof AggregateError ? error.errors : [];
    return { code: error.code, message: error.message === '' && first instanceof Error ? first.message : error.message };
  }
  return error.cause instanceof Error ? describe(error.cause) : { code: undefined, message: error.message };
}
