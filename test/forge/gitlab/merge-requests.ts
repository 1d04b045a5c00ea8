import type { Account } from '#test/forge/accounts.ts';
import type { Forge } from '#test/forge/forge.ts';
import { changeRefs, readRef, ZERO, type RefChange } from '#test/forge/git/refs.ts';
import { readGit } from '#test/forge/git/run.ts';
import type { Repository } from '#test/forge/repositories.ts';
import { fire, listeners } from './deliveries.ts';
import { mergeRequestPayload, type MergeRequestNews } from './payloads/merge-request.ts';
import type { MergeRequest } from './state.ts';

export function mergeRequestsOf(forge: Pick<Forge, 'gitlab'>, project: Pick<Repository, 'id'>): readonly MergeRequest[] {
  return [...forge.gitlab.mergeRequests.values()].filter(({ projectId }) => projectId === project.id);
}

export async function tellOfMergeRequest(forge: Forge, merge: MergeRequest, sender: Account, news: MergeRequestNews): Promise<void> {
  const hooks = listeners(forge, merge.projectId, 'merge_requests_events');
  if (hooks.length === 0) return;
  fire(forge, hooks, { event: 'merge_requests_events', payload: await mergeRequestPayload(forge, merge, sender, news) });
}

/** Lets open merge requests follow their branch: a new head is an `update` with the old one. A branch that goes leaves them open. */
export async function followBranch(
  forge: Forge,
  moved: { readonly repository: Repository; readonly change: RefChange; readonly sender: Account; readonly silent: boolean },
): Promise<void> {
  const { repository, change, sender, silent } = moved;
  if (change.after === ZERO) return;
  for (const merge of forge.gitlab.mergeRequests.values()) {
    const follows = merge.sourceProjectId === repository.id && `refs/heads/${merge.sourceBranch}` === change.ref;
    const target = forge.repositories.get(merge.projectId);
    if (merge.state !== 'opened' || !follows || target === undefined) continue;
    Object.assign(merge, { head: change.after, updatedAt: new Date() });
    await publishHead(target, repository, merge);
    if (!silent) await tellOfMergeRequest(forge, merge, sender, { action: 'update', oldrev: change.before });
  }
}

/** Shows the head as `refs/merge-requests/N/head` in the target project, with its objects where it comes from a fork. */
export async function publishHead(target: Repository, source: Repository, merge: Pick<MergeRequest, 'iid' | 'head'>): Promise<void> {
  const ref = `refs/merge-requests/${merge.iid}/head`;
  if (source.id !== target.id)
    await readGit(target.dir, ['fetch', '--quiet', '--no-tags', '--no-write-fetch-head', source.dir, merge.head]);
  await changeRefs(target.dir, [{ ref, before: (await readRef(target.dir, ref)) ?? ZERO, after: merge.head }]);
}
