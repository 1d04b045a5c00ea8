import type { z } from 'zod';
import type { ChangeRequestEvent, RepositoryEvent } from '#domain/event.ts';
import type { pullRequestSchema } from './schema.ts';

type PullRequestPayload = z.infer<typeof pullRequestSchema>;

const ACTIONS: Readonly<Record<string, ChangeRequestEvent['action']>> = {
  'pullrequest:created': 'opened',
  // Of a push to its branch, of another target, of words or reviewers: which of them Bitbucket does not say.
  'pullrequest:updated': 'updated',
  'pullrequest:push': 'updated',
  'pullrequest:fulfilled': 'merged',
  'pullrequest:rejected': 'closed',
};

/** What happened to a pull request. Its commits are named by 12 digits, which whoever uses them asks the repository about first. */
export function toPullRequestEvent(event: string, { pullrequest: pull, repository, actor }: PullRequestPayload): RepositoryEvent {
  const { source, destination } = pull;
  const action = ACTIONS[event];
  if (action === undefined || source.commit === null || source.commit === undefined)
    return { kind: 'ignored', reason: 'The pull request has no commit any more.' };
  const sourceId = source.repository?.uuid;
  return {
    kind: 'change-request',
    provider: 'bitbucket',
    repository: { id: repository.uuid, fullName: repository.full_name, defaultBranch: undefined, cloneUrl: undefined },
    actor: actor?.nickname ?? actor?.display_name ?? undefined,
    number: pull.id,
    action,
    title: pull.title,
    url: pull.links?.html?.href ?? '',
    draft: pull.draft ?? false,
    head: { ref: source.branch.name, commit: source.commit.hash, repositoryId: sourceId },
    base: { ref: destination.branch.name, commit: destination.commit?.hash },
    // A source without a repository is a fork that was deleted: not provably ours, so not trusted.
    fork: sourceId !== (destination.repository?.uuid ?? repository.uuid),
  };
}
