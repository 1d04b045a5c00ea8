import type { Effect, ForgeClient } from '#test/forge/client.ts';
import type { Patience } from './until.ts';
import { until } from './until.ts';

/** A status that the service posted and the forge took. */
export interface PostedStatus {
  readonly state: 'pending' | 'success' | 'failure' | 'error';
  readonly context: string;
  readonly description: string;
  readonly target_url: string;
}

/** Every status that was posted on a commit and taken, in order, whatever the service got to see of it. */
export async function postedStatuses(forge: ForgeClient, commit: string): Promise<readonly PostedStatus[]> {
  const effects = await forge.effects();
  return effects.filter((effect) => isTaken(effect, commit)).map(({ body }) => body as PostedStatus);
}

/** The newest status of a commit, once it is not pending any more. */
export async function finalStatus(forge: ForgeClient, commit: string, patience?: Patience): Promise<PostedStatus> {
  return until(
    `a final status on ${commit}`,
    async () => {
      const newest = (await postedStatuses(forge, commit)).at(-1);
      return newest === undefined || newest.state === 'pending' ? undefined : newest;
    },
    patience,
  );
}

function isTaken({ method, path, status }: Effect, commit: string): boolean {
  return method === 'POST' && path.endsWith(`/statuses/${commit}`) && status === 201;
}
