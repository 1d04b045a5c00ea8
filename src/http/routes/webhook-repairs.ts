import type { FastifyRequest } from 'fastify';
import { v7 as newId } from 'uuid';
import { z } from 'zod';
import type { Auth } from '#http/auth.ts';
import type { HttpDeps } from '#http/deps.ts';
import { readListQuery } from '#http/query.ts';
import { planRepair, readProgress } from '#hooks/repairs/store.ts';
import { REPOSITORY_FIELDS, listRepositories } from '#repositories/list/store.ts';
import type { Api } from './shared.ts';
import { idParams, listQuery, requireFound, requireId } from './shared.ts';

const tags = ['git-repositories'];
/** Repositories that are read at a time. */
const PAGE = 1_000;
const noBody = z.strictObject({}).nullish();

/** Repair of the webhooks of many repositories: those that a filter of the list finds. */
export function registerWebhookRepairs(api: Api, deps: HttpDeps, auth: Auth): void {
  api.post(
    '/git-repositories/webhook-repairs',
    {
      config: { action: 'hook:manage' },
      schema: {
        tags,
        querystring: listQuery,
        body: noBody,
        summary: 'Repair the webhooks of all repositories that the filters of the list find, one after the other',
      },
    },
    async (request, reply) => {
      const { organizationId } = auth.actorOf(request);
      const ids = await listIds(request, organizationId);
      const id = newId();
      const total = await deps.database.transaction(async (tx) => {
        const planned = await planRepair(tx, organizationId, id, ids);
        if (planned > 0) await deps.queue.send(tx, 'repair-hooks', { batchId: id });
        return planned;
      });
      const progress = { total, waiting: total, repaired: 0, unchanged: 0, failed: 0 };
      return reply.code(202).send({ id, url: urlOf(id), done: total === 0, ...progress });
    },
  );

  api.get(
    '/git-repositories/webhook-repairs/:id',
    { config: { action: 'hook:view' }, schema: { tags, params: idParams, summary: 'How far a repair of many webhooks has come' } },
    async (request) => {
      const { organizationId } = auth.actorOf(request);
      const id = requireId(request.params.id, 'repair');
      const progress = requireFound(await readProgress(deps.database, organizationId, id), 'repair');
      return { id, url: urlOf(id), done: progress.waiting === 0, ...progress };
    },
  );

  function urlOf(id: string): string {
    return `${deps.links.root}/api/extras/git-repositories/webhook-repairs/${id}/`;
  }

  /** All pages: `limit` and `offset` are of the list that people see. */
  async function listIds(request: FastifyRequest, organizationId: string): Promise<readonly string[]> {
    const query = readListQuery(request, REPOSITORY_FIELDS);
    const ids: string[] = [];
    for (let offset = 0; ; offset += PAGE) {
      const { rows } = await listRepositories(deps.database, organizationId, { ...query, limit: PAGE, offset });
      ids.push(...rows.filter(({ hook_id }) => hook_id !== null).map(({ id }) => id));
      if (rows.length < PAGE) return ids;
    }
  }
}
