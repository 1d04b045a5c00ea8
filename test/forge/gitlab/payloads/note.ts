import type { Forge } from '#test/forge/forge.ts';
import type { MergeRequest, Note } from '#test/forge/gitlab/state.ts';
import { fullNameOf } from '#test/forge/repositories.ts';
import { hookDate } from './merge-request.ts';
import { hookProject, hookRepository, hookUser } from './project.ts';

/** The event of a comment on a merge request. */
export function notePayload(
  forge: Pick<Forge, 'url' | 'repositories'>,
  merge: MergeRequest,
  note: Note,
  action: 'create' | 'update',
): Record<string, unknown> {
  const project = forge.repositories.get(merge.projectId);
  if (project === undefined) throw new Error(`no project ${merge.projectId}`);
  return {
    object_kind: 'note',
    event_type: 'note',
    user: hookUser(note.author),
    project_id: project.id,
    project: hookProject(forge.url, project),
    repository: hookRepository(forge.url, project),
    object_attributes: {
      id: note.id,
      note: note.body,
      noteable_type: 'MergeRequest',
      noteable_id: merge.id,
      author_id: note.author.id,
      project_id: project.id,
      discussion_id: note.discussionId,
      action,
      system: false,
      created_at: hookDate(note.createdAt),
      updated_at: hookDate(note.updatedAt),
      url: `${forge.url}/${fullNameOf(project)}/-/merge_requests/${merge.iid}#note_${note.id}`,
    },
    merge_request: {
      id: merge.id,
      iid: merge.iid,
      title: merge.title,
      state: merge.state,
      source_branch: merge.sourceBranch,
      target_branch: merge.targetBranch,
      last_commit: { id: merge.head },
    },
  };
}
