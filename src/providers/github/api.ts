import type { ForgeApi, ForgeConnection } from '#providers/contract.ts';
import { checkApi } from './app/checks.ts';
import { openCalls, splitName } from './call.ts';
import { commentApi } from './comments.ts';
import { deliveryApi } from './deliveries.ts';
import { discoveryApi } from './discovery.ts';
import { hookApi } from './hooks.ts';
import { toRepository } from './repository.ts';
import { statusApi } from './status.ts';

/** GitHub, and GitHub Enterprise Server by its URL, with one token. */
export function connect(connection: ForgeConnection): ForgeApi {
  const calls = openCalls(connection);
  return {
    async readRepository(ref, signal) {
      const { data } = await calls.call({ what: 'read the repository' }, () =>
        calls.octokit.repos.get({ ...splitName(ref), request: { signal } }),
      );
      return toRepository(data);
    },
    async readRepositoryById(id, signal) {
      const { data } = await calls.call({ what: 'find the repository by its number' }, () =>
        calls.octokit.request('GET /repositories/{id}', { id, request: { signal } }),
      );
      return toRepository(data);
    },
    hooks: hookApi(calls),
    deliveries: deliveryApi(calls),
    // By its prefix (PROVIDERS.md 1.1): GitHub lets nobody else make check runs.
    ...(connection.secret.startsWith('ghs_') ? { checks: checkApi(calls) } : {}),
    statuses: statusApi(calls),
    comments: commentApi(calls),
    discovery: discoveryApi(calls),
  };
}
