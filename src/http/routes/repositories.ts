import { z } from 'zod';
import type { Auth } from '#http/auth.ts';
import type { HttpDeps } from '#http/deps.ts';
import { readFlag, readListQuery, toPage } from '#http/query.ts';
import { change } from '#repositories/change.ts';
import { toWhole } from '#repositories/input.ts';
import { describeDeletion, listAll, read, register, remove } from '#repositories/manage.ts';
import type { Repository } from '#repositories/repository.ts';
import { REPOSITORY_FIELDS } from '#repositories/list/store.ts';
import { findRepository } from '#repositories/store.ts';
import { repositoryBody, toRepositoryInput, warnOfUnknown } from './repository-body.ts';
import type { Api } from './shared.ts';
import { idParams, listQuery, requireFound, requireId, unwrap } from './shared.ts';

const WHAT = 'repository';

export function registerRepositories(api: Api, deps: HttpDeps, auth: Auth): void {
  const tags = ['git-repositories'];

  api.get(
    '/git-repositories',
    { config: { action: 'repository:view' }, schema: { tags, querystring: listQuery, summary: 'List repositories' } },
    async (request) => {
      const actor = auth.actorOf(request);
      const query = readListQuery(request, REPOSITORY_FIELDS);
      const { count, items } = await listAll(deps.repositories, actor, query);
      return toPage(deps.links, request, query, count, items);
    },
  );

  api.post(
    '/git-repositories',
    {
      config: { action: 'repository:change' },
      schema: { tags, body: repositoryBody, summary: 'Register a repository' },
    },
    async (request, reply) => {
      const actor = auth.actorOf(request);
      const made = unwrap(await register(deps.repositories, actor, toRepositoryInput(request.body)));
      return reply.code(201).send(withWarnings(made, warnOfUnknown(request.body)));
    },
  );

  api.get(
    '/git-repositories/:id',
    { config: { action: 'repository:view' }, schema: { tags, params: idParams, summary: 'Read a repository' } },
    async (request) => {
      const actor = auth.actorOf(request);
      return unwrap(await read(deps.repositories, actor, requireId(request.params.id, WHAT)));
    },
  );

  // Nobody writes notes here; the address is one that answers name.
  api.get(
    '/git-repositories/:id/notes',
    { config: { action: 'repository:view' }, schema: { tags, params: idParams, querystring: listQuery, summary: 'List notes: none' } },
    async (request) => {
      const actor = auth.actorOf(request);
      requireFound(await findRepository(deps.database, actor.organizationId, requireId(request.params.id, WHAT)), WHAT);
      return toPage(deps.links, request, readListQuery(request, {}), 0, []);
    },
  );

  api.patch(
    '/git-repositories/:id',
    {
      config: { action: 'repository:change' },
      schema: { tags, params: idParams, body: repositoryBody, summary: 'Change fields of a repository' },
    },
    async (request) => {
      const actor = auth.actorOf(request);
      const input = toRepositoryInput(request.body);
      const changed = unwrap(await change(deps.repositories, actor, requireId(request.params.id, WHAT), input));
      return withWarnings(changed, warnOfUnknown(request.body));
    },
  );

  // PUT is the whole object: what is not sent goes back to its default.
  api.put(
    '/git-repositories/:id',
    {
      config: { action: 'repository:change' },
      schema: { tags, params: idParams, body: repositoryBody.required({ name: true, remote_url: true }), summary: 'Replace a repository' },
    },
    async (request) => {
      const actor = auth.actorOf(request);
      const input = toWhole(toRepositoryInput(request.body));
      const replaced = unwrap(await change(deps.repositories, actor, requireId(request.params.id, WHAT), input));
      return withWarnings(replaced, warnOfUnknown(request.body));
    },
  );

  api.delete(
    '/git-repositories/:id',
    {
      config: { action: 'repository:change' },
      schema: {
        tags,
        params: idParams,
        summary: 'Delete a repository with everything it owns',
        querystring: z.looseObject({ dry_run: z.string().optional().describe('true: only say what would go') }),
      },
    },
    async (request, reply) => {
      const actor = auth.actorOf(request);
      const id = requireId(request.params.id, WHAT);
      if (readFlag(request, 'dry_run')) return unwrap(await describeDeletion(deps.repositories, actor, id));
      unwrap(await remove(deps.repositories, actor, id));
      return reply.code(204).send();
    },
  );
}

function withWarnings(repository: Repository, warnings: readonly string[]): Repository {
  const all = [...(repository.warnings ?? []), ...warnings];
  return all.length === 0 ? repository : { ...repository, warnings: all };
}
