import { z } from 'zod';
import { Failure } from '#domain/failure.ts';
import { isCommitId } from '#domain/words.ts';
import type { DiscoveryApi } from '#providers/contract.ts';
import { PER_PAGE, readNumberedPages } from '#providers/numbered-pages.ts';
import { toRepository } from './repository.ts';
import type { GithubCalls } from './call.ts';
import { splitName } from './call.ts';

const branchSchema = z.object({ name: z.string(), commit: z.object({ sha: z.string().refine(isCommitId) }) });

/** Neither of GitHub's lists can be searched. */
export function discoveryApi(calls: GithubCalls): DiscoveryApi {
  const { octokit } = calls;
  return {
    listRepositories: (_search, signal) =>
      readNumberedPages('GitHub', toRepository, async (page) => {
        const where = { sort: 'full_name' as const, per_page: PER_PAGE, page, request: { signal } };
        const { data } = await calls.call({ what: 'list the repositories of the token' }, () => octokit.request('GET /user/repos', where));
        return data;
      }),
    listBranches: (ref, _search, signal) =>
      readNumberedPages('GitHub', toBranch, async (page) => {
        const where = { ...splitName(ref), per_page: PER_PAGE, page, request: { signal } };
        const { data } = await calls.call({ what: 'list the branches' }, () => octokit.repos.listBranches(where));
        return data;
      }),
  };
}

function toBranch(value: unknown) {
  const branch = branchSchema.safeParse(value);
  if (!branch.success) throw new Failure('PROVIDER_FAILED', { message: 'GitHub answered a branch that cannot be read.' });
  return { name: branch.data.name, commit: branch.data.commit.sha };
}
