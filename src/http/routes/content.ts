import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { toContent } from '#content/shape.ts';
import { CONTENT_FIELDS, findBranchId, findContent, listContent } from '#content/store.ts';
import type { ContentKind } from '#domain/content.ts';
import { CONTENT_KINDS } from '#domain/content.ts';
import { CONTENT_PATHS } from '#domain/links.ts';
import { refuse } from '#domain/refusal.ts';
import type { Auth } from '#http/auth.ts';
import type { HttpDeps } from '#http/deps.ts';
import { RefusedError } from '#http/errors.ts';
import { readListQuery, readParameter, toPage } from '#http/query.ts';
import type { Api } from './shared.ts';
import { idParams, listQuery, requireFound, requireId } from './shared.ts';

const branchQuery = z.looseObject({ branch: z.string().optional().describe('Tributary branch; main unless said.') });
const MAIN = 'main';

/** The lists of imported content. Reading only: a repository owns what it brought. */
export function registerContent(api: Api, deps: HttpDeps, auth: Auth): void {
  for (const kind of CONTENT_KINDS) registerKind(api, deps, auth, kind);
}

function registerKind(api: Api, deps: HttpDeps, auth: Auth, kind: ContentKind): void {
  const path = CONTENT_PATHS[kind];
  const what = kind.replaceAll('-', ' ');
  const tags = [path];

  async function requireBranch(request: FastifyRequest, organizationId: string) {
    const name = readParameter(request, 'branch') ?? MAIN;
    return {
      name,
      id: requireFound(await findBranchId(deps.database, organizationId, name), `branch ${JSON.stringify(name.slice(0, 100))}`),
    };
  }

  api.get(
    `/${path}`,
    { config: { action: 'content:view' }, schema: { tags, querystring: listQuery.extend(branchQuery.shape), summary: `List ${what}s` } },
    async (request) => {
      const actor = auth.actorOf(request);
      const query = readListQuery(request, CONTENT_FIELDS[kind], ['branch']);
      const branch = await requireBranch(request, actor.organizationId);
      const { count, rows } = await listContent(deps.database, branch.id, { ...query, kind, branch: branch.name });
      return toPage(
        deps.links,
        request,
        query,
        count,
        rows.map((row) => toContent(deps.links, kind, row)),
      );
    },
  );

  async function find(request: FastifyRequest, organizationId: string, id: string) {
    const branch = await requireBranch(request, organizationId);
    return requireFound(await findContent(deps.database, branch.id, kind, requireId(id, what)), what);
  }

  api.get(
    `/${path}/:id`,
    { config: { action: 'content:view' }, schema: { tags, params: idParams, querystring: branchQuery, summary: `Read one` } },
    async (request) => {
      const actor = auth.actorOf(request);
      return toContent(deps.links, kind, await find(request, actor.organizationId, request.params.id));
    },
  );

  for (const method of ['PATCH', 'PUT', 'DELETE'] as const) {
    api.route({
      method,
      url: `/${path}/:id`,
      config: { action: 'content:change' },
      schema: { tags, params: idParams, hide: true },
      handler: async (request) => {
        const actor = auth.actorOf(request);
        const row = await find(request, actor.organizationId, request.params.id);
        throw new RefusedError(
          refuse(
            'OWNED_BY_REPOSITORY',
            `The ${what} "${row.name}" is owned by the repository ${row.repository_name}, file ${row.path}:${row.line_number}.`,
            {
              owner: {
                id: row.repository_id,
                object_type: 'extras.gitrepository',
                url: deps.links.repository(row.repository_id),
                name: row.repository_name,
                path: row.path,
                line: row.line_number,
              },
            },
          ),
        );
      },
    });
  }
}
