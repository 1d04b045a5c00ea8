import { realpath, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { usageError } from '#cli/exit.ts';

export type ImportTarget = { readonly kind: 'url'; readonly url: string } | { readonly kind: 'folder'; readonly path: string };

interface TargetOptions {
  readonly ref?: string | undefined;
  readonly credential?: string | undefined;
}

const URL_LIKE = /^[a-z][a-z0-9+.-]*:\/\//i;
/** `user@host:path`, as Git takes it too. */
const SCP_LIKE = /^[\w.-]+@[\w.-]+:(?!\/\/)/;

/** What is to be imported: an address of Git, or a folder on this machine. */
export async function readTarget(text: string, options: TargetOptions): Promise<ImportTarget> {
  if (/^file:/i.test(text)) return readFolder(fileURLToPath(text), options);
  if (URL_LIKE.test(text)) return { kind: 'url', url: requireCleanUrl(text) };
  if (SCP_LIKE.test(text)) {
    throw usageError(
      'SSH addresses are not supported yet.',
      'Use the https:// address of the repository, with --credential where it is private.',
    );
  }
  return readFolder(text, options);
}

/** A secret in an address would stand in process lists and shell histories, and is not wanted anywhere further on. The text is not repeated. */
function requireCleanUrl(text: string): string {
  const url = URL.parse(text);
  if (url === null) throw usageError('This is not an address that can be read.', 'Use the form https://host/owner/name.');
  if (url.username !== '' || url.password !== '') {
    throw usageError(
      'The address holds a user name or password.',
      'Save the secret as a Git token of the service and name it with --credential.',
    );
  }
  return text;
}

async function readFolder(text: string, options: TargetOptions): Promise<ImportTarget> {
  const path = resolve(text);
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) throw usageError(`${text} is neither an address (https://…) nor a folder.`);
  if (!found.isDirectory()) throw usageError(`${text} is not a folder.`, 'Name the folder that holds config_contexts/ and the like.');
  if (options.ref !== undefined) throw usageError('--ref goes with an address: a folder is read at its HEAD.');
  if (options.credential !== undefined) throw usageError('--credential goes with an address: a folder needs none.');
  // A folder is known by its path: one path, however it was come to.
  return { kind: 'folder', path: await realpath(path) };
}
