import { z } from 'zod';
import { Failure } from '#domain/failure.ts';
import type { CommitStatus } from '#domain/status.ts';
import type { StatusApi } from '#providers/contract.ts';
import type { GithubCalls } from './call.ts';
import { splitName } from './call.ts';

const PERMISSION =
  'the permission to post commit statuses (classic token: repo:status or repo; fine-grained: Commit statuses, read and write)';
/** GitHub answers 422 to a longer one (PROVIDERS.md 3.1). */
const MOST_CHARACTERS = 140;
const PER_PAGE = 100;

const statusSchema = z.object({
  context: z.string(),
  state: z.enum(['pending', 'success', 'failure', 'error']),
  description: z.string().nullish(),
  target_url: z.string().nullish(),
});

/** Commit statuses: PROVIDERS.md 3.1. */
export function statusApi(calls: GithubCalls): StatusApi {
  const { octokit } = calls;
  return {
    async list(ref, { commit }, context, signal) {
      const { data } = await calls.call({ what: 'read the statuses of the commit' }, () =>
        octokit.repos.listCommitStatusesForRef({ ...splitName(ref), ref: commit, per_page: PER_PAGE, request: { signal } }),
      );
      const statuses = z.array(statusSchema).safeParse(data);
      if (!statuses.success) throw new Failure('PROVIDER_FAILED', { message: 'GitHub answered a list of statuses that cannot be read.' });
      // Contexts are compared without case by GitHub.
      return statuses.data.filter((status) => status.context.toLowerCase() === context.toLowerCase()).map(toStatus);
    },
    shown: (status) => ({ ...status, description: shorten(status.description) }),
    async write(ref, { commit }, status, signal) {
      await calls.call({ what: 'post a status on the commit', permission: PERMISSION }, () =>
        octokit.repos.createCommitStatus({
          ...splitName(ref),
          sha: commit,
          state: status.state,
          context: status.context,
          description: shorten(status.description),
          target_url: status.targetUrl,
          request: { signal },
        }),
      );
    },
  };
}

function toStatus({ context, state, description, target_url }: z.infer<typeof statusSchema>): CommitStatus {
  return { context, state, description: description ?? '', targetUrl: target_url ?? '' };
}

function shorten(text: string): string {
  const points = Array.from(text);
  return points.length <= MOST_CHARACTERS ? text : `${points.slice(0, MOST_CHARACTERS - 1).join('')}…`;
}
