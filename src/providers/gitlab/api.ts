import type { ForgeApi, ForgeConnection, RemoteRepository } from '#providers/contract.ts';
import { openCalls } from './call.ts';
import { commentApi } from './comments.ts';
import { deliveryApi } from './deliveries.ts';
import { discoveryApi } from './discovery.ts';
import { hookApi } from './hooks.ts';
import { toRepository } from './remote.ts';
import { statusApi } from './status.ts';

const PERMISSION = 'the role Guest or higher in the project, and the scope read_api or api';

/** gitlab.com, and a self-managed GitLab by its URL, with one token. */
export function connect(connection: ForgeConnection): ForgeApi {
  const calls = openCalls(connection);
  /** By its path or its number: GitLab takes either. */
  async function readProject(what: string, project: string, signal: AbortSignal): Promise<RemoteRepository> {
    return toRepository(await calls.call({ what, permission: PERMISSION }, signal, ({ projects }) => projects.show(project)));
  }
  return {
    readRepository: ({ fullName }, signal) => readProject('read the project', fullName, signal),
    readRepositoryById: (id, signal) => readProject('find the project by its number', id, signal),
    hooks: hookApi(calls),
    deliveries: deliveryApi(calls),
    statuses: statusApi(calls),
    comments: commentApi(calls),
    discovery: discoveryApi(calls),
  };
}
