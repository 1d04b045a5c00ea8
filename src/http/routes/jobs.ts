import type { HttpDeps } from '#http/deps.ts';
import { findSystemJob } from '#runs/system-job.ts';
import type { Api } from './shared.ts';
import { idParams, requireFound, requireId } from './shared.ts';

/** The jobs that runs name as their own. */
export function registerJobs(api: Api, deps: HttpDeps): void {
  api.get(
    '/jobs/:id',
    { config: { action: 'run:view' }, schema: { tags: ['jobs'], params: idParams, summary: 'Read a job that comes with the service' } },
    async (request) => requireFound(findSystemJob(deps.links, requireId(request.params.id, 'job')), 'job'),
  );
}
