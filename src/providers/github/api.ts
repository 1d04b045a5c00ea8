import { z } from 'zod';
import { Failure } from '#domain/failure.ts';
import type { ForgeApi, ForgeConnection, RemoteRepository } from '#providers/contract.ts';
import { checkApi } from './app/checks.ts';
import { openCalls, splitName } from './call.ts';
import { commentApi } from './comments.ts';
import { deliveryApi } from './deliveries.ts';
import { hookApi } from './hooks.ts';
import { statusApi } from './status.ts';

const repositorySchema = z.object({
  id: z.union([z.int(), z.string()]).transform(String),
  full_name: z.string(),
  default_branch: z.string(),
  clone_url: z.string(),
  html_url: z.string(),
});

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
  };
}

function toRepository(data: unknown): RemoteRepository {
  const repository = repositorySchema.safeParse(data);
  if (!repository.success) throw new Failure('PROVIDER_FAILED', { message: 'GitHub answered a repository that cannot be read.' });
  const { id, full_name, default_branch, clone_url, html_url } = repository.data;
  return { id, fullName: full_name, defaultBranch: default_branch, cloneUrl: clone_url, webUrl: html_url };
}
