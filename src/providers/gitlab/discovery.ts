import { z } from 'zod';
import { Failure } from '#domain/failure.ts';
import { isCommitId } from '#domain/words.ts';
import type { DiscoveryApi } from '#providers/contract.ts';
import { PER_PAGE, readNumberedPages } from '#providers/numbered-pages.ts';
import type { GitlabCalls } from './call.ts';
import { toRepository } from './remote.ts';

const PERMISSION = 'the scope read_api or api';
const branchSchema = z.object({ name: z.string(), commit: z.object({ id: z.string().refine(isCommitId) }) });

/** Projects are searched by the last part of their path: that is what GitLab compares. */
export function discoveryApi(calls: GitlabCalls): DiscoveryApi {
  return {
    listRepositories: (search, signal) =>
      readNumberedPages('GitLab', toRepository, (page) =>
        calls.call({ what: 'list the projects of the token', permission: PERMISSION }, signal, ({ projects }) =>
          projects.all<false, 'offset'>({ membership: true, ...named(search?.split('/').at(-1)), perPage: PER_PAGE, page }),
        ),
      ),
    listBranches: ({ fullName }, search, signal) =>
      readNumberedPages('GitLab', toBranch, (page) =>
        calls.call({ what: 'list the branches', permission: PERMISSION }, signal, ({ branches }) =>
          branches.all(fullName, { ...named(search), perPage: PER_PAGE, page }),
        ),
      ),
  };
}

/** Signs at either end of a search mean something to GitLab (PROVIDERS.md 4), and fewer than three letters are none. */
function named(search: string | undefined): { readonly search?: string } {
  return search === undefined || search.length < 3 || /^\^|\$$/.test(search) ? {} : { search };
}

function toBranch(value: unknown) {
  const branch = branchSchema.safeParse(value);
  if (!branch.success) throw new Failure('PROVIDER_FAILED', { message: 'GitLab answered a branch that cannot be read.' });
  return { name: branch.data.name, commit: branch.data.commit.id };
}
