import { printTime } from '#domain/time.ts';
import type { Auth } from '#http/auth.ts';
import type { HttpDeps } from '#http/deps.ts';
import { requireOperator } from './operator.ts';
import type { Api } from './shared.ts';

const tags = ['installation'];

/** The installation as a whole, for those who run it: the keepers of the organization that came with it. */
export function registerInstallation(api: Api, deps: HttpDeps, auth: Auth): void {
  api.get(
    '/workers',
    { config: { action: 'installation:view' }, schema: { tags, summary: 'List the processes that take jobs' } },
    async (request) => {
      requireOperator(deps, auth, request);
      const workers = await deps.listWorkers();
      const results = workers.map(({ name, version, alive, started_at, seen_at }) => ({
        name,
        object_type: 'tributary.worker',
        version,
        alive,
        started_at: printTime(started_at),
        seen_at: printTime(seen_at),
      }));
      return { count: results.length, next: null, previous: null, results };
    },
  );

  api.get(
    '/checks',
    {
      config: { action: 'installation:view' },
      schema: { tags, summary: 'Examine the installation: what is wrong, why, and how to mend it' },
    },
    async (request) => {
      requireOperator(deps, auth, request);
      const results = await deps.examine();
      return { count: results.length, next: null, previous: null, ok: results.every(({ state }) => state !== 'fail'), results };
    },
  );
}
