import { z } from 'zod';
import { ADMIN_STATUSES, UPDATE_POLICIES } from '#domain/words.ts';
import type { Auth } from '#http/auth.ts';
import type { HttpDeps } from '#http/deps.ts';
import { readFlag, readListQuery, toPage } from '#http/query.ts';
import { toJobResult } from '#runs/job-result.ts';
import { findJobResult } from '#runs/store.ts';
import { askForDryRun, askForSync } from '#queue/turn.ts';
import { change, describeDeletion, listAll, read, register, remove } from '#repositories/manage.ts';
import { REPOSITORY_FIELDS, findRepository } from '#repositories/store.ts';
import type { Api } from './shared.ts';
import { idParams, listQuery, refuseBulk, requireFound, requireId, unwrap } from './shared.ts';

const text = (most: number) => z.string().max(most);

/** Document 002's fields and ours; fields that the service owns are let through and ignored, as its clients expect. */
const repositoryBody = z
  .object({
    name: text(255),
    slug: text(255),
    remote_url: text(2_048),
    branch: text(255),
    ref: text(255),
    commit: text(64).nullable(),
    provided_contents: z.array(text(100)).nullable(),
    credential: text(255).nullable(),
    secrets_group: text(255).nullable(),
    credential_mode: z.enum(['organization', 'personal']),
    path_prefix: text(1_024),
    update_policy: z.enum(UPDATE_POLICIES),
    admin_status: z.enum(ADMIN_STATUSES),
    description: text(2_000),
    tags: z.array(text(100)).max(100),
    kind: text(20),
  })
  .partial()
  .meta({ id: 'RepositoryInput' });

const syncBody = z.object({ dry_run: z.boolean().optional(), force: z.boolean().optional() }).nullish();

const WHAT = 'repository';

export function registerRepositories(api: Api, deps: HttpDeps, auth: Auth): void {
  const tags = ['git-repositories'];

  api.get('/git-repositories', { schema: { tags, querystring: listQuery, summary: 'List repositories' } }, async (request) => {
    const actor = auth.allow(request, 'repository:view');
    const query = readListQuery(request, REPOSITORY_FIELDS, ['branch']);
    const { count, items } = await listAll(deps.repositories, actor, query);
    return toPage(deps.links, request, query, count, items);
  });

  api.post(
    '/git-repositories',
    {
      preValidation: async (request) => refuseBulk(request.body),
      schema: { tags, body: repositoryBody, summary: 'Register a repository' },
    },
    async (request, reply) => {
      const actor = auth.allow(request, 'repository:change');
      return reply.code(201).send(unwrap(await register(deps.repositories, actor, request.body)));
    },
  );

  api.get('/git-repositories/:id', { schema: { tags, params: idParams, summary: 'Read a repository' } }, async (request) => {
    const actor = auth.allow(request, 'repository:view');
    return unwrap(await read(deps.repositories, actor, requireId(request.params.id, WHAT)));
  });

  api.patch(
    '/git-repositories/:id',
    { schema: { tags, params: idParams, body: repositoryBody, summary: 'Change fields of a repository' } },
    async (request) => {
      const actor = auth.allow(request, 'repository:change');
      return unwrap(await change(deps.repositories, actor, requireId(request.params.id, WHAT), request.body));
    },
  );

  // PUT is the whole object: what is not sent goes back to its default.
  api.put(
    '/git-repositories/:id',
    {
      schema: { tags, params: idParams, body: repositoryBody.required({ name: true, remote_url: true }), summary: 'Replace a repository' },
    },
    async (request) => {
      const actor = auth.allow(request, 'repository:change');
      return unwrap(await change(deps.repositories, actor, requireId(request.params.id, WHAT), { ...DEFAULTS, ...request.body }));
    },
  );

  api.delete(
    '/git-repositories/:id',
    {
      schema: {
        tags,
        params: idParams,
        summary: 'Delete a repository with everything it owns',
        querystring: z.looseObject({ dry_run: z.string().optional().describe('true: only say what would go') }),
      },
    },
    async (request, reply) => {
      const actor = auth.allow(request, 'repository:change');
      const id = requireId(request.params.id, WHAT);
      if (readFlag(request, 'dry_run')) return unwrap(await describeDeletion(deps.repositories, actor, id));
      unwrap(await remove(deps.repositories, actor, id));
      return reply.code(204).send();
    },
  );

  api.post(
    '/git-repositories/:id/sync',
    { schema: { tags, params: idParams, body: syncBody, summary: 'Ask for a sync, or for a dry run' } },
    async (request) => {
      const actor = auth.allow(request, 'repository:sync');
      const id = requireId(request.params.id, WHAT);
      const repository = requireFound(await findRepository(deps.database, actor.organizationId, id), WHAT);
      const isDryRun = request.body?.dry_run === true;
      const { jobResultId } = await deps.database.transaction((tx) =>
        isDryRun
          ? askForDryRun(deps.queue, tx, { repositoryId: id, userId: actor.userId })
          : askForSync(deps.queue, tx, { repositoryId: id, reason: 'asked', userId: actor.userId, force: request.body?.force === true }),
      );
      const jobResult = requireFound(await findJobResult(deps.database, actor.organizationId, jobResultId), 'job result');
      const what = isDryRun ? 'dry run' : 'sync';
      const warnings = (await deps.hasWorkers()) ? {} : { warnings: ['No worker runs at the moment; the job waits until one does.'] };
      return {
        message: `Repository ${repository.name} ${what} job added to queue.`,
        job_result: toJobResult(deps.links, jobResult),
        ...warnings,
      };
    },
  );
}

const DEFAULTS = {
  ref: 'main',
  commit: null,
  provided_contents: null,
  credential: null,
  path_prefix: '',
  update_policy: 'auto',
  admin_status: 'active',
  description: '',
  tags: [],
} as const;
