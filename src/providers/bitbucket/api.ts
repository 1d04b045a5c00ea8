import { Failure } from '#domain/failure.ts';
import type { ForgeApi, ForgeConnection, RemoteRef, RemoteRepository } from '#providers/contract.ts';
import { openCalls, pathOf } from './call.ts';
import { discoveryApi } from './discovery.ts';
import { hookApi } from './hooks.ts';
import { insightApi } from './insights.ts';
import { toRepository } from './repository.ts';
import { statusApi } from './status.ts';

const PERMISSION = 'Repositories: Read';

/** Bitbucket Cloud with one token. */
export function connect(connection: ForgeConnection): ForgeApi {
  const calls = openCalls(connection);
  async function read(what: string, ref: RemoteRef, signal: AbortSignal): Promise<RemoteRepository> {
    const { json } = await calls.call({ what, permission: PERMISSION }, { path: pathOf(ref) }, signal);
    return toRepository(json, connection.url);
  }
  return {
    readRepository: (ref, signal) => read('read the repository', ref, signal),
    readRepositoryById(id, signal, former) {
      const workspace = former?.fullName.split('/')[0] ?? connection.workspace;
      // An id is looked for within a workspace: one that moved to another is found under neither (PROVIDERS.md 4).
      if (workspace === undefined)
        throw new Failure('REPO_NOT_FOUND', { message: 'Bitbucket finds ids within a workspace only, and none is known.' });
      return read('find the repository by its id', { fullName: `${workspace}/${id}` }, signal);
    },
    hooks: hookApi(calls),
    statuses: statusApi(calls),
    insights: insightApi(calls),
    discovery: discoveryApi(calls, connection),
  };
}
