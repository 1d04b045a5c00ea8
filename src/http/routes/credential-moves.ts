import { z } from 'zod';
import { MOST_AT_ONCE, moveRepositories } from '#apps/move/move.ts';
import type { Auth } from '#http/auth.ts';
import type { HttpDeps } from '#http/deps.ts';
import type { Api } from './shared.ts';
import { unwrap } from './shared.ts';

const body = z.strictObject({
  from: z.string().max(255).optional().describe('Id or name of a credential: all repositories that use it.'),
  repositories: z.array(z.uuid()).min(1).max(MOST_AT_ONCE).optional().describe('Or these.'),
  to: z.string().max(255).describe('Id or name of the credential that they are to have.'),
  dry_run: z.boolean().default(false).describe('Only say what would move, and what would not and why.'),
});

/** Repositories from an App to a Git token or back, many at once. */
export function registerCredentialMoves(api: Api, deps: HttpDeps, auth: Auth): void {
  api.post(
    '/organizations/:org/credentials/move',
    {
      config: { action: 'repository:change' },
      schema: {
        tags: ['git-repositories'],
        params: z.object({ org: z.string() }),
        body,
        summary: 'Give repositories another credential, each after it was tried',
      },
    },
    async (request) => {
      const { dry_run: dryRun, ...input } = request.body;
      return unwrap(await moveRepositories({ ...deps.hooks, queue: deps.queue }, auth.actorOf(request), { ...input, dryRun }));
    },
  );
}
