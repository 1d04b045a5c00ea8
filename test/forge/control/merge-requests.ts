import type { Account } from '#test/forge/accounts.ts';
import { emailOf } from '#test/forge/accounts.ts';
import type { Forge } from '#test/forge/forge.ts';
import { mergeRequestsOf, publishHead, tellOfMergeRequest } from '#test/forge/gitlab/merge-requests.ts';
import { addNote, noteShape } from '#test/forge/gitlab/notes.ts';
import type { MergeRequest } from '#test/forge/gitlab/state.ts';
import type { Repository } from '#test/forge/repositories.ts';
import type { NewComment, NewPull, PullChange } from '#test/forge/wire.ts';
import { actor, ControlError, getTip } from './endpoint.ts';
import { pushMerge } from './merge-commit.ts';
import type { PullView } from './pulls.ts';

/** Opens a merge request, in the words of pull requests. */
export async function openMergeRequest(forge: Forge, project: Repository, source: Repository, spec: NewPull): Promise<PullView> {
  const targetBranch = spec.base ?? project.defaultBranch;
  await getTip(project, targetBranch);
  const now = new Date();
  const merge: MergeRequest = {
    id: 800_000 + forge.nextId(),
    iid: mergeRequestsOf(forge, project).length + 1,
    projectId: project.id,
    author: actor(forge, source, spec.pusher),
    createdAt: now,
    sourceProjectId: source.id,
    sourceBranch: spec.head,
    title: spec.title,
    description: spec.body,
    state: 'opened',
    draft: spec.draft,
    targetBranch,
    head: await getTip(source, spec.head),
    mergeCommit: null,
    updatedAt: now,
  };
  await forge.lock(project.id, () => publishHead(project, source, merge));
  forge.gitlab.mergeRequests.set(merge.id, merge);
  await tellOfMergeRequest(forge, merge, merge.author, { action: 'open' });
  return describe(merge);
}

/** One event for each thing that changes, in this order: text and base, readiness, merge, state. */
export async function changeMergeRequest(forge: Forge, project: Repository, number: number, change: PullChange): Promise<PullView> {
  const merge = getMergeRequest(forge, project, number);
  const sender = actor(forge, project, change.pusher);
  await edit(forge, merge, sender, change);
  if (change.merge === true) await mergeIt(forge, project, sender, merge);
  const wanted = change.state === undefined ? merge.state : change.state === 'open' ? 'opened' : 'closed';
  if (wanted !== merge.state) {
    merge.state = wanted;
    await tellOfMergeRequest(forge, merge, sender, { action: wanted === 'opened' ? 'reopen' : 'close' });
  }
  return describe(merge);
}

export function commentOnMergeRequest(forge: Forge, project: Repository, { number, login, body }: NewComment): Record<string, unknown> {
  const merge = getMergeRequest(forge, project, number);
  return noteShape(forge, addNote(forge, merge, forge.accounts.ensure(login), body), merge);
}

function getMergeRequest(forge: Forge, project: Repository, number: number): MergeRequest {
  const merge = mergeRequestsOf(forge, project).find(({ iid }) => iid === number);
  if (merge === undefined) throw new ControlError(404, `there is no merge request ${number}`);
  return merge;
}

async function edit(forge: Forge, merge: MergeRequest, sender: Account, change: PullChange): Promise<void> {
  const { title = merge.title, body = merge.description, base = merge.targetBranch, draft = merge.draft } = change;
  const wanted = { title, description: body, target_branch: base, draft };
  const had = { title: merge.title, description: merge.description, target_branch: merge.targetBranch, draft: merge.draft };
  const changed = (Object.keys(wanted) as (keyof typeof wanted)[]).filter((field) => wanted[field] !== had[field]);
  if (changed.length === 0) return;
  Object.assign(merge, { title, description: body, targetBranch: base, draft, updatedAt: new Date() });
  const changes = Object.fromEntries(changed.map((field) => [field, { previous: had[field], current: wanted[field] }]));
  await tellOfMergeRequest(forge, merge, sender, { action: 'update', changes });
}

async function mergeIt(forge: Forge, project: Repository, sender: Account, merge: MergeRequest): Promise<void> {
  if (merge.state !== 'opened') throw new ControlError(409, 'the merge request is not open');
  const by = `${sender.login} <${emailOf(sender)}>`;
  const message = `Merge branch '${merge.sourceBranch}' into '${merge.targetBranch}'`;
  const mergeCommit = await pushMerge(forge, project, { sender, by, base: merge.targetBranch, head: merge.head, message });
  Object.assign(merge, { state: 'merged', mergeCommit, updatedAt: new Date() });
  await tellOfMergeRequest(forge, merge, sender, { action: 'merge' });
}

function describe({ iid, state, mergeCommit, head }: MergeRequest): PullView {
  return { number: iid, state: state === 'opened' ? 'open' : 'closed', merged: state === 'merged', head, merge_commit: mergeCommit };
}
