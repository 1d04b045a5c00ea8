import type { Account } from '#test/forge/accounts.ts';
import { emailOf } from '#test/forge/accounts.ts';
import type { Forge } from '#test/forge/forge.ts';
import { changeRefs, readRef, type RefChange } from '#test/forge/git/refs.ts';
import { readGit } from '#test/forge/git/run.ts';
import { addComment, commentShape } from '#test/forge/github/comments.ts';
import { firePull, publishHead, pullsOf } from '#test/forge/github/pulls.ts';
import { announcePush } from '#test/forge/github/pushes.ts';
import type { Pull } from '#test/forge/github/state.ts';
import { fullNameOf, type Repository } from '#test/forge/repositories.ts';
import { newComment, newPull, pullChange } from '#test/forge/wire.ts';
import { actor, control, ControlError, getRepository, repositoryParam, type ControlCall, type ControlEndpoint } from './endpoint.ts';

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
  const pull = getPull(forge, repository, Number(params['number']));
  const { pusher, title = pull.title, body = pull.body, base, draft, state, merge } = await call.json(pullChange);
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
  const change = await forge.lock(repository.id, () => writeMerge(repository, sender, pull));
  Object.assign(pull, { state: 'closed', mergedAt: new Date(), mergeCommit: change.after });
  forge.effects.add({
    method: 'PUSH',
    path: `/${fullNameOf(repository)}.git`,
    token: null,
    status: 200,
    answered: 200,
    body: { refs: [change] },
  });
  await announcePush(forge, { repository, changes: [change], pusher: sender });
  firePull(forge, happening, pull, 'closed');
}

async function writeMerge(repository: Repository, sender: Account, pull: Pull): Promise<RefChange> {
  const { dir } = repository;
  const base = await getTip(repository, pull.base.ref);
  const tree = await readGit(dir, ['merge-tree', '--write-tree', base, pull.head.sha]).catch(() => {
    throw new ControlError(409, 'the pull request has conflicts');
  });
  const by = `${sender.login} <${emailOf(sender)}> ${Math.floor(Date.now() / 1000)} +0000`;
  const message = `Merge pull request #${pull.number} from ${pull.head.label.replace(':', '/')}`;
  const text = `tree ${tree}\nparent ${base}\nparent ${pull.head.sha}\nauthor ${by}\ncommitter ${by}\n\n${message}\n`;
  const after = await readGit(dir, ['hash-object', '-t', 'commit', '-w', '--stdin'], text);
  const change = { ref: `refs/heads/${pull.base.ref}`, before: base, after };
  await changeRefs(dir, [change]);
  return change;
}

async function comment({ forge, json }: ControlCall): Promise<unknown> {
  const spec = await json(newComment);
  const repository = getRepository(forge, spec.repository);
  const pull = getPull(forge, repository, spec.number);
  return commentShape(forge, repository, addComment(forge, { repository, sender: forge.accounts.ensure(spec.login) }, pull, spec.body));
}

function getPull(forge: Forge, repository: Repository, number: number): Pull {
  const pull = pullsOf(forge, repository).find((candidate) => candidate.number === number);
  if (pull === undefined) throw new ControlError(404, `there is no pull request ${number}`);
  return pull;
}

async function getTip(repository: Repository, branch: string): Promise<string> {
  const tip = await readRef(repository.dir, `refs/heads/${branch}`);
  if (tip === undefined) throw new ControlError(404, `there is no branch ${branch}`);
  return tip;
}
