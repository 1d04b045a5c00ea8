import { constants } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { open, realpath } from 'node:fs/promises';
import { join, sep } from 'node:path';
import type { TokenSource } from '#credentials/token-source.ts';
import type { Config } from '#config.ts';
import { Failure } from '#domain/failure.ts';

/** A token and the line break that editors put behind it. */
const MOST_BYTES = 4_096 + 2;
const TOKEN = /^[\x21-\x7e]{1,4096}$/;
/** One part of a path, so none leads out of the folder; the folder's own hidden entries are not meant. */
const FILE_NAME = /^[A-Za-z0-9_][\w.-]{0,254}$/;

/**
 * Reads secrets that the operator keeps outside of the database: variables that are listed for the organization, and files of its folder.
 * Read at every use, so that a file that is replaced counts at once. What it throws names the place and never the content.
 */
export function createTokenSources({
  tokenVariables,
  tokenFiles,
}: Pick<Config, 'tokenVariables' | 'tokenFiles'>): (organization: string, source: TokenSource) => Promise<string> {
  return async (organization, source) => {
    if ('file' in source) return checkToken(await readTokenFile(tokenFiles, organization, source.file), `File "${source.file}"`);
    const allowed = tokenVariables.find((variable) => variable.organization === organization && variable.name === source.env);
    if (allowed === undefined) {
      throw notFound(
        `Variable ${JSON.stringify(source.env)} is not for organization "${organization}".`,
        'The operator lists it in TRIBUTARY_TOKEN_VARIABLES.',
      );
    }
    return checkToken(allowed.value ?? '', `Variable ${source.env}`);
  };
}

function checkToken(text: string, what: string): string {
  const token = text.replace(/\r?\n$/, '');
  if (token === '') throw notFound(`${what} is not set or empty.`);
  if (!TOKEN.test(token)) throw notFound(`${what} holds no token: it must be the token alone, at most 4,096 printable characters.`);
  return token;
}

async function readTokenFile(folder: string | undefined, organization: string, name: string): Promise<string> {
  if (folder === undefined) throw notFound('Secrets are not read from files here.', 'The operator sets TRIBUTARY_TOKEN_FILES.');
  if (!FILE_NAME.test(name)) throw notFound(`${JSON.stringify(name)} is no name of a file in the organization’s folder.`);
  let file: FileHandle | undefined;
  try {
    const root = await realpath(join(folder, organization));
    // Mounted secrets are links into a folder that is swapped whole; they are followed within the organization's folder and nowhere else.
    const path = await realpath(join(root, name));
    if (!path.startsWith(root + sep)) throw notFound(`File "${name}" leads out of the folder of organization "${organization}".`);
    // A pipe is not waited for.
    file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    if (!(await file.stat()).isFile()) throw notFound(`"${name}" is no regular file.`);
    // What the system says of a size need not be so; what is read is bounded.
    const { bytesRead, buffer } = await file.read(Buffer.alloc(MOST_BYTES + 1), 0, MOST_BYTES + 1, 0);
    return buffer.toString('utf8', 0, bytesRead);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error) || error instanceof Failure) throw error;
    throw notFound(`File "${name}" of organization "${organization}" cannot be read (${String(error.code)}).`, undefined, error);
  } finally {
    await file?.close();
  }
}

function notFound(message: string, help?: string, cause?: unknown): Failure {
  return new Failure('SECRET_NOT_FOUND', { message, ...(help === undefined ? {} : { help }), cause });
}
