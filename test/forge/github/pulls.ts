import type { Account } from '#test/forge/accounts.ts';
import type { Forge } from '#test/forge/forge.ts';
import { changeRefs, readRef, ZERO, type RefChange } from '#test/forge/git/refs.ts';
import { readGit } from '#test/forge/git/run.ts';
import { fullNameOf, type Repository } from '#test/forge/repositories.ts';
import { fire } from './fire.ts';
import { apiUrlOf, accountShape, isoSeconds, nodeId, repositoryShape } from './shapes.ts';
import type { Pull } from './state.ts';

export function pullsOf(forge: Pick<Forge, 'github'>, repository: Pick<Repository, 'id'>): readonly Pull[] {
  return [...forge.github.pulls.values()].filter((pull) => pull.repositoryId === repository.id);
}

export function pullShape(forge: Pick<Forge, 'url' | 'repositories'>, repository: Repository, pull: Pull): Record<string, unknown> {
  const headRepository = forge.repositories.get(pull.head.repositoryId);
  const { owner } = repository;
  return {
    url: `${apiUrlOf(forge.url, repository)}/pulls/${pull.number}`,
    id: pull.id,
    node_id: nodeId('PR', pull.id),
    html_url: `${forge.url}/${fullNameOf(repository)}/pull/${pull.number}`,
    number: pull.number,
    state: pull.state,
    locked: false,
    title: pull.title,
    body: pull.body,
    user: accountShape(forge.url, pull.user),
    draft: pull.draft,
    merged: pull.mergedAt !== null,
    mergeable: null,
    mergeable_state: 'unknown',
    merge_commit_sha: pull.mergeCommit,
    created_at: isoSeconds(pull.createdAt),
    updated_at: isoSeconds(pull.updatedAt),
    closed_at: pull.state === 'closed' ? isoSeconds(pull.updatedAt) : null,
    merged_at: pull.mergedAt === null ? null : isoSeconds(pull.mergedAt),
    comments_url: `${apiUrlOf(forge.url, repository)}/issues/${pull.number}/comments`,
    // A fork that was deleted leaves its pull requests without a head repository.
    head: {
      label: pull.head.label,
      ref: pull.head.ref,
      sha: pull.head.sha,
      user: headRepository === undefined ? null : accountShape(forge.url, headRepository.owner),
      repo: headRepository === undefined ? null : repositoryShape(forge.url, headRepository, undefined),
    },
    base: {
      label: `${owner.login}:${pull.base.ref}`,
      ref: pull.base.ref,
      sha: pull.base.sha,
      user: accountShape(forge.url, owner),
      repo: repositoryShape(forge.url, repository, undefined),
    },
  };
}

export function firePull(
  forge: Forge,
  { repository, sender }: { readonly repository: Repository; readonly sender: Account },
  pull: Pull,
  action: string,
  extra: Readonly<Record<string, unknown>> = {},
): void {
  fire(forge, { repository, sender }, 'pull_request', {
    action,
    number: pull.number,
    pull_request: pullShape(forge, repository, pull),
    ...extra,
  });
}

/** Lets the open pull requests of a branch follow it: a new head is `synchronize`, a deleted branch closes them. */
export async function followBranch(
  forge: Forge,
  moved: { readonly repository: Repository; readonly change: RefChange; readonly sender: Account; readonly silent: boolean },
): Promise<void> {
  const { repository, change, sender, silent } = moved;
  for (const pull of forge.github.pulls.values()) {
    if (pull.state !== 'open' || pull.head.repositoryId !== repository.id || `refs/heads/${pull.head.ref}` !== change.ref) continue;
    const base = forge.repositories.get(pull.repositoryId);
    if (base === undefined) continue;
    pull.updatedAt = new Date();
    if (change.after === ZERO) pull.state = 'closed';
    else pull.head.sha = change.after;
    if (change.after !== ZERO) await publishHead(base, repository, pull);
    if (silent) continue;
    const happening = { repository: base, sender };
    if (change.after === ZERO) firePull(forge, happening, pull, 'closed');
    else firePull(forge, happening, pull, 'synchronize', { before: change.before, after: change.after });
  }
}

/** Shows the head as `refs/pull/N/head` in the base repository, with its objects where it comes from a fork. */
export async function publishHead(base: Repository, head: Repository, pull: Pull): Promise<void> {
  const ref = `refs/pull/${pull.number}/head`;
  if (head.id !== base.id) await readGit(base.dir, ['fetch', '--quiet', '--no-tags', '--no-write-fetch-head', head.dir, pull.head.sha]);
  await changeRefs(base.dir, [{ ref, before: (await readRef(base.dir, ref)) ?? ZERO, after: pull.head.sha }]);
}
