import type { Account } from '#test/forge/accounts.ts';
import type { Forge } from '#test/forge/forge.ts';
import { readCommits } from '#test/forge/git/commits.ts';
import { fullNameOf } from '#test/forge/repositories.ts';
import type { MergeRequest } from '#test/forge/gitlab/state.ts';
import { hookProject, hookRepository, hookUser } from './project.ts';
import { hookCommit } from './push.ts';

export interface MergeRequestNews {
  readonly action: 'open' | 'close' | 'reopen' | 'update' | 'merge';
  /** Only where code was pushed: the former head. */
  readonly oldrev?: string;
  readonly changes?: Readonly<Record<string, { readonly previous: unknown; readonly current: unknown }>>;
}

/** The event of a merge request, sent by the project that it wants to change. */
export async function mergeRequestPayload(
  forge: Pick<Forge, 'url' | 'repositories'>,
  merge: MergeRequest,
  user: Account,
  { action, oldrev, changes = {} }: MergeRequestNews,
): Promise<Record<string, unknown>> {
  const project = forge.repositories.get(merge.projectId);
  if (project === undefined) throw new Error(`no project ${merge.projectId}`);
  const source = forge.repositories.get(merge.sourceProjectId);
  const [commit] = await readCommits(project.dir, [merge.head]);
  return {
    object_kind: 'merge_request',
    event_type: 'merge_request',
    user: hookUser(user),
    project: hookProject(forge.url, project),
    repository: hookRepository(forge.url, project),
    object_attributes: {
      id: merge.id,
      iid: merge.iid,
      author_id: merge.author.id,
      title: merge.title,
      description: merge.description,
      state: merge.state,
      action,
      ...(oldrev === undefined ? {} : { oldrev }),
      draft: merge.draft,
      work_in_progress: merge.draft,
      source_branch: merge.sourceBranch,
      target_branch: merge.targetBranch,
      source_project_id: merge.sourceProjectId,
      target_project_id: merge.projectId,
      source: source === undefined ? null : hookProject(forge.url, source),
      target: hookProject(forge.url, project),
      last_commit: commit === undefined ? null : hookCommit(forge.url, project, commit),
      merge_status: 'unchecked',
      detailed_merge_status: 'checking',
      merge_commit_sha: merge.mergeCommit,
      system: false,
      url: `${forge.url}/${fullNameOf(project)}/-/merge_requests/${merge.iid}`,
      created_at: hookDate(merge.createdAt),
      updated_at: hookDate(merge.updatedAt),
    },
    labels: [],
    changes,
    assignees: [],
    reviewers: [],
  };
}

/** `2026-09-15 16:50:55 UTC`: not ISO 8601. */
export function hookDate(date: Date): string {
  return `${date.toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}
