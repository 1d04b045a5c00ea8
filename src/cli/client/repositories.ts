import { usageError } from '#cli/exit.ts';
import type { Api } from './api.ts';
import { ApiError } from './api.ts';
import type { Repository } from './shapes.ts';
import { readRepository, repositoryPageSchema } from './shapes.ts';

/** The repository that a command means, as the person named it. */
export interface RepositoryWish {
  readonly remoteUrl: string;
  readonly name?: string | undefined;
  readonly ref?: string | undefined;
  readonly pathPrefix?: string | undefined;
  /** Name or id. */
  readonly credential?: string | undefined;
}

const REPOSITORIES = '/api/extras/git-repositories/';
/** Names that are tried before a person is asked for one. */
const MOST_NAMES = 50;

/** Finds the registered repository; several that fit are an error, because guessing would sync the wrong one. */
export async function findRepository(api: Api, wish: RepositoryWish): Promise<Repository | undefined> {
  const candidates = await listByUrl(api, wish.remoteUrl);
  const fitting = candidates.filter(
    (one) =>
      (wish.name === undefined || one.name === wish.name) &&
      (wish.pathPrefix === undefined || one.path_prefix === trimSlashes(wish.pathPrefix)),
  );
  const [found, ...others] = fitting;
  if (others.length > 0) {
    const names = fitting.map((one) => `  - ${one.name} (${one.path_prefix === '' ? 'everything' : one.path_prefix}, ref ${one.ref})`);
    throw usageError(
      `${fitting.length} repositories are registered for this address:\n${names.join('\n')}`,
      'Say which one with --path-prefix or --name.',
    );
  }
  if (found !== undefined && wish.ref !== undefined && found.ref !== wish.ref) {
    throw usageError(
      `This address is registered as ${found.name}, which follows ${found.ref}, not ${wish.ref}.`,
      'Leave --ref out, or change the ref of the repository first.',
    );
  }
  return found;
}

/** Registers it; without a wished name it gets one from the last part of the address, made unique. */
export async function createRepository(api: Api, wish: RepositoryWish, more: Readonly<Record<string, unknown>> = {}): Promise<Repository> {
  const fields = {
    remote_url: wish.remoteUrl,
    ...(wish.ref !== undefined && { ref: wish.ref }),
    ...(wish.pathPrefix !== undefined && { path_prefix: wish.pathPrefix }),
    ...(wish.credential !== undefined && { credential: wish.credential }),
    ...more,
  };
  const base = wish.name ?? nameFromUrl(wish.remoteUrl);
  for (let number = 1; ; number += 1) {
    const name = number === 1 ? base : `${base}-${number}`;
    try {
      return readRepository(await api.call('POST', REPOSITORIES, { body: { name, ...fields } }));
    } catch (error) {
      if (wish.name !== undefined || number === MOST_NAMES || !isNameTaken(error)) throw error;
    }
  }
}

/** Gives a registered repository another credential. */
export async function setCredential(api: Api, { id }: Repository, credential: string): Promise<Repository> {
  return readRepository(await api.call('PATCH', `${REPOSITORIES}${id}/`, { body: { credential } }));
}

export async function deleteRepository(api: Api, id: string): Promise<void> {
  await api.call('DELETE', `${REPOSITORIES}${id}/`);
}

/** `https://host/acme/net-config.git` -> `net-config`. */
export function nameFromUrl(url: string): string {
  const path = new URL(url).pathname.replace(/\/+$/, '');
  const last = decodeURIComponent(path.slice(path.lastIndexOf('/') + 1)).replace(/\.git$/, '');
  return last === '' ? 'repository' : last;
}

/** Addresses are kept as they were registered, so the usual other spellings of this one are asked for too. */
async function listByUrl(api: Api, remoteUrl: string): Promise<readonly Repository[]> {
  const bare = remoteUrl.replace(/\/+$/, '').replace(/\.git$/, '');
  const spellings = [...new Set([remoteUrl, bare, `${bare}.git`, `${bare}/`])];
  const answer = await api.call('GET', REPOSITORIES, { query: { remote_url: spellings, limit: 1_000 } });
  return repositoryPageSchema.parse(answer).results;
}

function isNameTaken(error: unknown): boolean {
  return error instanceof ApiError && (error.status === 400 || error.status === 409) && ('name' in error.fields || 'slug' in error.fields);
}

function trimSlashes(path: string): string {
  return path.replace(/^\/+|\/+$/g, '');
}
