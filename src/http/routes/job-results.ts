import { z } from 'zod';
import type { Auth } from '#http/auth.ts';
import type { HttpDeps } from '#http/deps.ts';
import { readListQuery, toPage } from '#http/query.ts';
import { cancelRun } from '#runs/cancel.ts';
import { toJobResult, toLogEntry } from '#runs/job-result.ts';
import { JOB_RESULT_FIELDS, LOG_FIELDS, findJobResult, listJobResults, listLogs } from '#runs/store.ts';
import type { EventStreams } from './events.ts';
import type { Api } from './shared.ts';
import { idParams, listQuery, requireFound, requireId, unwrap } from './shared.ts';

const tags = ['job-results'];
const WHAT = 'job result';
const noBody = z.strictObject({}).nullish();

/** Runs, their logs, and both as they happen. */
export function registerJobResults(api: Api, deps: HttpDeps, auth: Auth, streams: EventStreams): void {
  api.get(
    '/job-results',
    { config: { action: 'run:view' }, schema: { tags, querystring: listQuery, summary: 'List runs, newest first' } },
    async (request) => {
      const actor = auth.actorOf(request);
      const query = readListQuery(request, JOB_RESULT_FIELDS);
      const { count, rows } = await listJobResults(deps.database, actor.organizationId, query);
      return toPage(
        deps.links,
        request,
        query,
        count,
        rows.map((row) => toJobResult(deps.links, row)),
      );
    },
  );

  api.get(
    '/job-results/:id',
    { config: { action: 'run:view' }, schema: { tags, params: idParams, summary: 'Read a run' } },
    async (request) => {
      const actor = auth.actorOf(request);
      return toJobResult(
        deps.links,
        requireFound(await findJobResult(deps.database, actor.organizationId, requireId(request.params.id, WHAT)), WHAT),
      );
    },
  );

  api.post(
    '/job-results/:id/cancel',
    {
      config: { action: 'repository:sync' },
      schema: {
        tags,
        params: idParams,
        body: noBody,
        summary: 'End a run: at once while it waits, within seconds when it is under way. Nothing of it is applied',
      },
    },
    async (request) => {
      const actor = auth.actorOf(request);
      const row = unwrap(await cancelRun(deps, actor, requireId(request.params.id, WHAT)));
      request.log.info({ jobResultId: row.id, userId: actor.userId }, 'a run is to end');
      return toJobResult(deps.links, row);
    },
  );

  api.get(
    '/job-results/:id/logs',
    { config: { action: 'run:view' }, schema: { tags, params: idParams, querystring: listQuery, summary: 'List the log of a run' } },
    async (request) => {
      const actor = auth.actorOf(request);
      const row = requireFound(await findJobResult(deps.database, actor.organizationId, requireId(request.params.id, WHAT)), WHAT);
      const query = readListQuery(request, LOG_FIELDS);
      const { count, rows } = await listLogs(deps.database, row.id, query);
      return toPage(
        deps.links,
        request,
        query,
        count,
        rows.map((entry) => toLogEntry(deps.links, entry)),
      );
    },
  );

  api.get(
    '/job-results/:id/events',
    {
      config: { action: 'run:view' },
      schema: { tags, params: idParams, summary: 'Follow a run: server-sent events log, progress, end; resumable by Last-Event-ID' },
    },
    async (request, reply) => {
      const actor = auth.actorOf(request);
      const row = requireFound(await findJobResult(deps.database, actor.organizationId, requireId(request.params.id, WHAT)), WHAT);
      await streams.open(request, reply, { organizationId: actor.organizationId, jobResultId: row.id });
    },
  );
}
