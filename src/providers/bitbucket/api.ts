import { z } from 'zod';
import { Failure } from '#domain/failure.ts';
import type { ForgeApi, ForgeConnection, RemoteRef, RemoteRepository } from '#providers/contract.ts';
import { openCalls, pathOf } from './call.ts';
import { hookApi } from './hooks.ts';
import { insightApi } from './insights.ts';
import { statusApi } from './status.ts';

const PERMISSION = 'Repositories: Read';

const repositorySchema = z.object({
  uuid: z.string().min(1).max(100),
  full_name: z.string().regex(/^[^/]+\/[^/]+$/),
  mainbranch: z.object({ name: z.string() }).nullish(),
});

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
  };
}

/** Addresses are built here: Bitbucket's own have somebody's user name in them (PROVIDERS.md 1.3). */
function toRepository(data: unknown, url: string): RemoteRepository {
  const repository = repositorySchema.safeParse(data);
  if (!repository.success) throw new Failure('PROVIDER_FAILED', { message: 'Bitbucket answered a repository that cannot be read.' });
  const { uuid: id, full_name: fullName, mainbranch } = repository.data;
  return { id, fullName, defaultBranch: mainbranch?.name, cloneUrl: `${url}/${fullName}.git`, webUrl: `${url}/${fullName}` };
}
