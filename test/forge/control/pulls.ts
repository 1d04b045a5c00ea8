import type { Account } from '#test/forge/accounts.ts';
import { emailOf } from '#test/forge/accounts.ts';
import type { Forge } from '#test/forge/forge.ts';
import { addComment, commentShape } from '#test/forge/github/comments.ts';
import { firePull, publishHead, pullsOf } from '#test/forge/github/pulls.ts';
import type { Pull } from '#test/forge/github/state.ts';
import type { Repository } from '#test/forge/repositories.ts';
import { newComment, newPull, pullChange } from '#test/forge/wire.ts';
import {
  actor,
  control,
  ControlError,
  getRepository,
  getTip,
  repositoryParam,
  type ControlCall,
  type ControlEndpoint,
} from './endpoint.ts';
import { changeBitbucketPull, commentOnBitbucketPull, openBitbucketPull } from './bitbucket-pulls.ts';
import { changeMergeRequest, commentOnMergeRequest, openMergeRequest } from './merge-requests.ts';
import { pushMerge } from './merge-commit.ts';

export const pullControls: readonly ControlEndpoint[] = [
  control('POST', '/pulls', openPull),
  control('PATCH', '/repositories/{owner}/{name}/pulls/{number}', changePull),
  control('POST', '/comments', comment),
];

export interface PullView {
  readonly number: number;
  readonly state: 'open' | 'closed';
  readonly merged: boolean;
  readonly head: string;
  readonly merge_commit: string | null;
}

function describe({ number, state, mergedAt, mergeCommit, head }: Pull): PullView {
  return { number, state, merged: mergedAt !== null, head: head.sha, merge_commit: mergeCommit };
}

async function openPull({ forge, json }: ControlCall): Promise<PullView> {
  const spec = await json(newPull);
  const repository = getRepository(forge, spec.repository);
  const source = spec.head_repository === undefined ? repository : getRepository(forge, spec.head_repository);
  if (repository.provider === 'bitbucket') return openBitbucketPull(forge, repository, source, spec);
  if (repository.provider === 'gitlab') return openMergeRequest(forge, repository, source, spec);
  const baseRef = spec.base ?? repository.defaultBranch;
  const head = await getTip(source, spec.head);
  const base = await getTip(repository, baseRef);
  const sender = actor(forge, source, spec.pusher);
  const now = new Date();
  const pull: Pull = {
    id: 800_000 + forge.nextId(),
    number: pullsOf(forge, repository).length + 1,
    repositoryId: repository.id,
    user: sender,
    createdAt: now,
    updatedAt: now,
    title: spec.title,
    body: spec.body,
    state: 'open',
    draft: spec.draft,
    mergedAt: null,
    mergeCommit: null,
    head: { repositoryId: source.id, label: `${source.owner.login}:${spec.head}`, ref: spec.head, sha: head },
    base: { ref: baseRef, sha: base },
  };
  await forge.lock(repository.id, () => publishHead(repository, source, pull));
  forge.github.pulls.set(pull.id, pull);
  firePull(forge, { repository, sender }, pull, 'opened');
  return describe(pull);
}

/** One event for each thing that changes, in this order: text and base, readiness, merge, state. */
async function changePull(call: ControlCall): Promise<PullView> {
  const { forge, params } = call;
  const repository = repositoryParam(call);
  const change = await call.json(pullChange);
  if (repository.provider === 'bitbucket') return changeBitbucketPull(forge, repository, Number(params['number']), change);
  if (repository.provider === 'gitlab') return changeMergeRequest(forge, repository, Number(params['number']), change);
  const pull = getPull(forge, repository, Number(params['number']));
  const { pusher, title = pull.title, body = pull.body, base, draft, state, merge } = change;
  const happening = { repository, sender: actor(forge, repository, pusher) };
  const tip = base === undefined ? undefined : await getTip(repository, base);
  const changes = {
    ...(title === pull.title ? {} : { title: { from: pull.title } }),
    ...(body === pull.body ? {} : { body: { from: pull.body } }),
    ...(tip === undefined ? {} : { base: { ref: { from: pull.base.ref }, sha: { from: pull.base.sha } } }),
  };
  Object.assign(
    pull,
    { title, body, updatedAt: new Date() },
    base === undefined || tip === undefined ? {} : { base: { ref: base, sha: tip } },
  );
  if (Object.keys(changes).length > 0) firePull(forge, happening, pull, 'edited', { changes });
  if (draft === false && pull.draft) {
    pull.draft = false;
    firePull(forge, happening, pull, 'ready_for_review');
  }
  if (merge === true) await mergePull(forge, happening, pull);
  if (state !== undefined && state !== pull.state) {
    pull.state = state;
    firePull(forge, happening, pull, state === 'open' ? 'reopened' : 'closed');
  }
  return describe(pull);
}

/** A merge commit on the base branch: a push of its own, then the pull request closes as merged. */
async function mergePull(
  forge: Forge,
  happening: { readonly repository: Repository; readonly sender: Account },
  pull: Pull,
): Promise<void> {
  const { repository, sender } = happening;
  if (pull.state !== 'open') throw new ControlError(409, 'the pull request is not open');
  const by = `${sender.login} <${emailOf(sender)}>`;
  const message = `Merge pull request #${pull.number} from ${pull.head.label.replace(':', '/')}`;
  const mergeCommit = await pushMerge(forge, repository, { sender, by, base: pull.base.ref, head: pull.head.sha, message });
  Object.assign(pull, { state: 'closed', mergedAt: new Date(), mergeCommit });
  firePull(forge, happening, pull, 'closed');
}

async function comment({ forge, json }: ControlCall): Promise<unknown> {
  const spec = await json(newComment);
  const repository = getRepository(forge, spec.repository);
  if (repository.provider === 'bitbucket') return commentOnBitbucketPull(forge, repository, spec);
  if (repository.provider === 'gitlab') return commentOnMergeRequest(forge, repository, spec);
  const pull = getPull(forge, repository, spec.number);
  return commentShape(forge, repository, addComment(forge, { repository, sender: forge.accounts.ensure(spec.login) }, pull, spec.body));
}

function getPull(forge: Forge, repository: Repository, number: number): Pull {
  const pull = pullsOf(forge, repository).find((candidate) => candidate.number === number);
  if (pull === undefined) throw new ControlError(404, `there is no pull request ${number}`);
  return pull;
}
