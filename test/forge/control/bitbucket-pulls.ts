import type { Account } from '#test/forge/accounts.ts';
import { emailOf } from '#test/forge/accounts.ts';
import { fire } from '#test/forge/bitbucket/deliveries.ts';
import { pullPayload } from '#test/forge/bitbucket/payloads.ts';
import { addComment, commentShape, pullsOf } from '#test/forge/bitbucket/pulls.ts';
import type { Pull } from '#test/forge/bitbucket/state.ts';
import type { Forge } from '#test/forge/forge.ts';
import { readGit } from '#test/forge/git/run.ts';
import type { Repository } from '#test/forge/repositories.ts';
import type { NewComment, NewPull, PullChange } from '#test/forge/wire.ts';
import { actor, ControlError, getTip } from './endpoint.ts';
import { pushMerge } from './merge-commit.ts';
import type { PullView } from './pulls.ts';

export async function openBitbucketPull(forge: Forge, repository: Repository, source: Repository, spec: NewPull): Promise<PullView> {
  const destinationBranch = spec.base ?? repository.defaultBranch;
  await getTip(repository, destinationBranch);
  const now = new Date();
  const pull: Pull = {
    id: 800_000 + forge.nextId(),
    number: pullsOf(forge, repository).length + 1,
    repositoryId: repository.id,
    author: actor(forge, source, spec.pusher),
    createdAt: now,
    sourceRepositoryId: source.id,
    sourceBranch: spec.head,
    title: spec.title,
    description: spec.body ?? '',
    state: 'OPEN',
    draft: spec.draft,
    destinationBranch,
    head: await getTip(source, spec.head),
    mergeCommit: null,
    updatedAt: now,
  };
  forge.bitbucket.pulls.set(pull.id, pull);
  tell(forge, repository, pull, pull.author, 'pullrequest:created');
  return describe(pull);
}

/** One event for each thing that changes, in this order: text, base and readiness, merge, state. */
export async function changeBitbucketPull(forge: Forge, repository: Repository, number: number, change: PullChange): Promise<PullView> {
  const pull = getPull(forge, repository, number);
  const sender = actor(forge, repository, change.pusher);
  const { title = pull.title, body = pull.description, base = pull.destinationBranch, draft = pull.draft } = change;
  const wanted = { title, description: body ?? '', destinationBranch: base, draft };
  if (Object.entries(wanted).some(([field, value]) => pull[field as keyof typeof wanted] !== value)) {
    Object.assign(pull, wanted, { updatedAt: new Date() });
    tell(forge, repository, pull, sender, 'pullrequest:updated');
  }
  if (change.merge === true) await mergeIt(forge, repository, pull, sender);
  if (change.state === 'open' && pull.state !== 'OPEN') throw new ControlError(409, 'a declined pull request stays declined');
  if (change.state === 'closed' && pull.state === 'OPEN') {
    pull.state = 'DECLINED';
    tell(forge, repository, pull, sender, 'pullrequest:rejected');
  }
  return describe(pull);
}

export function commentOnBitbucketPull(forge: Forge, repository: Repository, { number, login, body }: NewComment): Record<string, unknown> {
  const pull = getPull(forge, repository, number);
  return commentShape(addComment(forge, repository, pull, forge.accounts.ensure(login), body));
}

async function mergeIt(forge: Forge, repository: Repository, pull: Pull, sender: Account): Promise<void> {
  if (pull.state !== 'OPEN') throw new ControlError(409, 'the pull request is not open');
  const source = forge.repositories.get(pull.sourceRepositoryId);
  if (source !== undefined && source.id !== repository.id)
    await readGit(repository.dir, ['fetch', '--quiet', '--no-tags', '--no-write-fetch-head', source.dir, pull.head]);
  const message = `Merged in ${pull.sourceBranch} (pull request #${pull.number})`;
  const by = `${sender.login} <${emailOf(sender)}>`;
  const mergeCommit = await pushMerge(forge, repository, { sender, by, base: pull.destinationBranch, head: pull.head, message });
  Object.assign(pull, { state: 'MERGED', mergeCommit, updatedAt: new Date() });
  tell(forge, repository, pull, sender, 'pullrequest:fulfilled');
}

function tell(forge: Forge, repository: Repository, pull: Pull, sender: Account, event: string): void {
  fire(forge, repository, { event, payload: pullPayload(forge, pull, sender) });
}

function getPull(forge: Forge, repository: Repository, number: number): Pull {
  const pull = pullsOf(forge, repository).find((candidate) => candidate.number === number);
  if (pull === undefined) throw new ControlError(404, `there is no pull request ${number}`);
  return pull;
}

function describe({ number, state, mergeCommit, head }: Pull): PullView {
  return { number, state: state === 'OPEN' ? 'open' : 'closed', merged: state === 'MERGED', head, merge_commit: mergeCommit };
}
