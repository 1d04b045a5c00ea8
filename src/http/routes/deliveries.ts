import { z } from 'zod';
import { printTime, printTimeOrNull } from '#domain/time.ts';
import type { Auth } from '#http/auth.ts';
import type { HttpDeps } from '#http/deps.ts';
import { readListQuery, toPage } from '#http/query.ts';
import { DELIVERY_FIELDS, findDelivery, listDeliveries, routeAgain } from '#inbox/store.ts';
import type { Api } from './shared.ts';
import { listQuery, requireFound, requireId } from './shared.ts';

const tags = ['webhook-deliveries'];
const inOrganization = z.object({ org: z.string() });
const oneOf = z.object({ org: z.string(), id: z.string() });
const WHAT = 'delivery';

type Row = Awaited<ReturnType<typeof listDeliveries>>['rows'][number];

/** The inbox: what was received, what it meant, and a way to have it handled again. */
export function registerDeliveries(api: Api, deps: HttpDeps, auth: Auth): void {
  function show(org: string, row: Row) {
    return {
      id: row.id,
      object_type: 'tributary.delivery',
      display: `${row.event} ${row.delivery_key}`,
      url: `${deps.links.root}/api/organizations/${org}/webhook-deliveries/${row.id}/`,
      provider: row.provider,
      event: row.event,
      delivery_key: row.delivery_key,
      hook_id: row.hook_id,
      repository:
        row.repository_id === null
          ? null
          : { id: row.repository_id, object_type: 'extras.gitrepository', url: deps.links.repository(row.repository_id) },
      app_id: row.app_id,
      received_at: printTime(row.received_at),
      routed_at: printTimeOrNull(row.routed_at),
      status: row.status,
      detail: row.detail,
      events: row.events ?? [],
      job_results: row.job_result_ids.map((id) => ({ id, object_type: 'extras.jobresult', url: deps.links.jobResult(id) })),
      attempts: row.attempts,
    };
  }

  api.get(
    '/organizations/:org/webhook-deliveries',
    {
      config: { action: 'delivery:view' },
      schema: { tags, params: inOrganization, querystring: listQuery, summary: 'List deliveries, newest first' },
    },
    async (request) => {
      const actor = auth.actorOf(request);
      const query = readListQuery(request, DELIVERY_FIELDS);
      const { count, rows } = await listDeliveries(deps.database, actor.organizationId, query);
      return toPage(
        deps.links,
        request,
        query,
        count,
        rows.map((row) => show(request.params.org, row)),
      );
    },
  );

  api.get(
    '/organizations/:org/webhook-deliveries/:id',
    { config: { action: 'delivery:view' }, schema: { tags, params: oneOf, summary: 'Read a delivery with its headers and body' } },
    async (request) => {
      const actor = auth.actorOf(request);
      const row = requireFound(await findDelivery(deps.database, actor.organizationId, requireId(request.params.id, WHAT)), WHAT);
      const body = Buffer.from(row.body);
      return {
        ...show(request.params.org, row),
        headers: row.headers,
        body: body.toString('base64'),
        body_sha256: Buffer.from(row.body_hash).toString('hex'),
        payload: parse(body),
      };
    },
  );

  api.post(
    '/organizations/:org/webhook-deliveries/:id/replay',
    { config: { action: 'delivery:replay' }, schema: { tags, params: oneOf, summary: 'Have a delivery handled again' } },
    async (request, reply) => {
      const actor = auth.actorOf(request);
      const row = requireFound(await findDelivery(deps.database, actor.organizationId, requireId(request.params.id, WHAT)), WHAT);
      await routeAgain(deps.database, [row.id]);
      return reply.code(202).send({ delivery: row.id, status: 'accepted' });
    },
  );
}

/** The body as JSON where it is, for people to read; the bytes beside it are what counts. */
function parse(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return null;
  }
}
