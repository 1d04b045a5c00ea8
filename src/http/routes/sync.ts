import { z } from 'zod';
import type { Auth } from '#http/auth.ts';
import type { HttpDeps } from '#http/deps.ts';
import { askForDryRun, askForSync } from '#queue/ask.ts';
import { findRepository } from '#repositories/store.ts';
import { toJobResult } from '#runs/job-result.ts';
import { findJobResult } from '#runs/store.ts';
import type { Api } from './shared.ts';
import { idParams, requireFound, requireId } from './shared.ts';

const syncBody = z.object({ dry_run: z.boolean().optional(), force: z.boolean().optional() }).nullish();

const WHAT = 'repository';
const tags = ['git-repositories'];

export function registerSync(api: Api, deps: HttpDeps, auth: Auth): void {
  api.post(
    '/git-repositories/:id/sync',
    {
      config: { action: 'repository:sync' },
      schema: { tags, params: idParams, body: syncBody, summary: 'Ask for a sync, or for a dry run' },
    },
    async (request) => {
      const actor = auth.actorOf(request);
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
