import { z } from 'zod';
import { listRemoteBranches, listRemoteRepositories } from '#credentials/discover.ts';
import type { Auth } from '#http/auth.ts';
import type { HttpDeps } from '#http/deps.ts';
import { readListQuery, readParameter, toPage } from '#http/query.ts';
import { refuseFields } from '#domain/refusal.ts';
import { RefusedError } from '#http/errors.ts';
import type { Api } from './shared.ts';
import { listQuery, requireId, unwrap } from './shared.ts';

const tags = ['git-tokens'];
const params = z.object({ org: z.string(), id: z.string() });
const ofRepository = listQuery.extend({
  repository: z.string().optional().describe('Full name of the repository, such as acme/net-config.'),
});
const WHAT = 'Git token';

/** What a Git token reaches at its provider, to choose from: nothing of it is kept. */
export function registerRemoteRepositories(api: Api, deps: HttpDeps, auth: Auth): void {
  api.get(
    '/organizations/:org/git-tokens/:id/remote-repositories',
    {
      config: { action: 'git-token:manage' },
      schema: { tags, params, querystring: listQuery, summary: 'List the repositories that a Git token reaches' },
    },
    async (request) => {
      const actor = auth.actorOf(request);
      const query = readListQuery(request, {});
      const listed = unwrap(await listRemoteRepositories(deps.gitTokens, actor, requireId(request.params.id, WHAT), query));
      const results = listed.items.map(({ id, fullName, isPrivate, defaultBranch, cloneUrl, webUrl }) => ({
        id,
        full_name: fullName,
        private: isPrivate,
        default_branch: defaultBranch ?? null,
        clone_url: cloneUrl,
        web_url: webUrl,
      }));
      return { ...toPage(deps.links, request, query, listed.count, results), is_whole: listed.isWhole };
    },
  );

  api.get(
    '/organizations/:org/git-tokens/:id/branches',
    {
      config: { action: 'git-token:manage' },
      schema: { tags, params, querystring: ofRepository, summary: 'List the branches of a repository that a Git token reaches' },
    },
    async (request) => {
      const actor = auth.actorOf(request);
      const query = readListQuery(request, {}, ['repository']);
      const repository = readParameter(request, 'repository');
      if (repository === undefined) throw new RefusedError(refuseFields({ repository: ['Is needed: the full name of a repository.'] }));
      const id = requireId(request.params.id, WHAT);
      const listed = unwrap(await listRemoteBranches(deps.gitTokens, actor, id, { ...query, repository }));
      return { ...toPage(deps.links, request, query, listed.count, listed.items), is_whole: listed.isWhole };
    },
  );
}
