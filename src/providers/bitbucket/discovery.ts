import { z } from 'zod';
import { Failure } from '#domain/failure.ts';
import { isCommitId } from '#domain/words.ts';
import type { DiscoveryApi, ForgeConnection } from '#providers/contract.ts';
import type { BitbucketCalls } from './call.ts';
import { pathOf } from './call.ts';
import { readPages } from './pages.ts';
import { toRepository } from './repository.ts';

const PERMISSION = 'Repositories: Read';

const branchSchema = z.object({ name: z.string(), target: z.object({ hash: z.string().refine(isCommitId) }) });

/** Repositories are listed by workspace: lists across workspaces were removed in 2026 (PROVIDERS.md 1.3). */
export function discoveryApi(calls: BitbucketCalls, { workspace, url }: ForgeConnection): DiscoveryApi {
  return {
    // Bitbucket searches the names that people see, which are not those of addresses.
    async listRepositories(_search, signal) {
      if (workspace === undefined)
        throw new Failure('PROVIDER_REFUSED', { message: 'Bitbucket lists repositories by workspace, and the token has none.' });
      const request = { path: `/repositories/${encodeURIComponent(workspace)}`, query: { role: 'member', sort: '-updated_on' } };
      const { values, isMore } = await readPages(
        calls,
        { what: 'list the repositories of the workspace', permission: PERMISSION },
        request,
        signal,
      );
      return { items: values.map((value) => toRepository(value, url)), isWhole: !isMore };
    },
    async listBranches(ref, search, signal) {
      const query: Record<string, string> = search === undefined ? {} : { q: `name ~ ${quote(search)}` };
      const request = { path: pathOf(ref, '/refs/branches'), query };
      const { values, isMore } = await readPages(calls, { what: 'list the branches', permission: PERMISSION }, request, signal);
      const branches = z.array(branchSchema).safeParse(values);
      if (!branches.success)
        throw new Failure('PROVIDER_FAILED', { message: 'Bitbucket answered a list of branches that cannot be read.' });
      return { items: branches.data.map(({ name, target }) => ({ name, commit: target.hash })), isWhole: !isMore };
    },
  };
}

/** As text of the query language, which nothing in it can end. */
function quote(text: string): string {
  return `"${text.replaceAll(/["\\]/g, String.raw`\$&`)}"`;
}
