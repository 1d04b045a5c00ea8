import type { z } from 'zod';
import type { ChangeRequestEvent, RepositoryEvent } from '#domain/event.ts';
import { toRepository } from './repository.ts';
import type { mergeRequestSchema } from './schema.ts';

type MergeRequestPayload = z.infer<typeof mergeRequestSchema>;

/** What happened to a merge request. GitLab does not say which commit its target branch is at. */
export function toMergeRequestEvent(payload: MergeRequestPayload): RepositoryEvent {
  const { object_attributes: request, project, user } = payload;
  const action = actionOf(payload);
  if (action === undefined)
    return {
      kind: 'ignored',
      reason: `merge_request.${(request.action ?? 'none').slice(0, 60)} changes nothing that a preview depends on.`,
    };
  const commit = request.last_commit?.id;
  if (commit === undefined) return { kind: 'ignored', reason: 'The merge request has no commit yet.' };
  const sourceId = request.source_project_id ?? undefined;
  return {
    kind: 'change-request',
    provider: 'gitlab',
    repository: toRepository(project),
    actor: user?.username ?? user?.name ?? undefined,
    number: request.iid,
    action,
    title: request.title ?? '',
    url: request.url ?? '',
    draft: request.draft ?? request.work_in_progress ?? false,
    head: { ref: request.source_branch, commit, repositoryId: sourceId },
    base: { ref: request.target_branch, commit: undefined },
    // A source without a project is a fork that was deleted: not provably ours, so not trusted.
    fork: sourceId !== request.target_project_id,
  };
}

/** `oldrev` is there only when code was pushed; every other update is of words, labels, people or approvals (PROVIDERS.md 2.2). */
function actionOf({ object_attributes: { action, oldrev }, changes }: MergeRequestPayload): ChangeRequestEvent['action'] | undefined {
  switch (action) {
    case 'open':
    case 'reopen':
      return 'opened';
    case 'update':
      if (changes?.target_branch !== undefined) return 'retargeted';
      return (oldrev ?? '') !== '' || becameReady(changes?.draft) ? 'updated' : undefined;
    case 'close':
      return 'closed';
    case 'merge':
      return 'merged';
    case undefined:
    case null:
    default:
      return undefined;
  }
}

function becameReady(change: unknown): boolean {
  return typeof change === 'object' && change !== null && 'current' in change && change.current === false;
}
