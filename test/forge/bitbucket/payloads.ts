import type { Account } from '#test/forge/accounts.ts';
import type { Forge } from '#test/forge/forge.ts';
import { peelToCommit, readCommits, wasForced } from '#test/forge/git/commits.ts';
import { ZERO, type RefChange } from '#test/forge/git/refs.ts';
import { readGit } from '#test/forge/git/run.ts';
import { fullNameOf, type Repository } from '#test/forge/repositories.ts';
import { accountShape, commitShape, hookRepository } from './shapes.ts';
import type { Pull } from './state.ts';

/** The newest that a change shows. */
const MAX_COMMITS = 5;
type Where = Pick<Forge, 'url'>;

/** One payload for all refs of a push. */
export async function pushPayload(forge: Where, repository: Repository, changes: readonly RefChange[], pusher: Account) {
  const told = [];
  for (const change of changes) told.push(await changeShape(forge, repository, change));
  return { actor: accountShape(pusher), repository: hookRepository(forge.url, repository), push: { changes: told } };
}

/** Deletions and tags have no commits. */
async function changeShape({ url }: Where, repository: Repository, change: RefChange): Promise<Record<string, unknown>> {
  const { ref, before, after } = change;
  const ids = ref.startsWith('refs/heads/') && after !== ZERO ? await listGained(repository, change) : [];
  const commits = await readCommits(repository.dir, ids.slice(0, MAX_COMMITS));
  return {
    old: await refShape(url, repository, ref, before),
    new: await refShape(url, repository, ref, after),
    created: before === ZERO,
    closed: after === ZERO,
    forced: await wasForced(repository.dir, before, after),
    truncated: ids.length > MAX_COMMITS,
    ...(ids.length === 0 ? {} : { commits: commits.map((commit) => commitShape(url, repository, commit)) }),
    links: { html: { href: `${url}/${fullNameOf(repository)}/branches/compare/${after}..${before}` } },
  };
}

async function refShape(url: string, repository: Repository, ref: string, id: string): Promise<Record<string, unknown> | null> {
  if (id === ZERO) return null;
  const sha = (await peelToCommit(repository.dir, id)) ?? id;
  const [commit] = await readCommits(repository.dir, [sha]);
  return {
    type: ref.startsWith('refs/tags/') ? 'tag' : 'branch',
    name: ref.replace(/^refs\/(heads|tags)\//, ''),
    target: commit === undefined ? { type: 'commit', hash: sha } : commitShape(url, repository, commit),
  };
}

async function listGained({ dir }: Repository, { before, after }: RefChange): Promise<readonly string[]> {
  const list = await readGit(dir, ['rev-list', `--max-count=${MAX_COMMITS + 1}`, after, ...(before === ZERO ? [] : ['--not', before])]);
  return list.split('\n').filter((line) => line !== '');
}

export function pullPayload(forge: Forge, pull: Pull, actor: Account): Record<string, unknown> {
  const repository = forge.repositories.get(pull.repositoryId, 'bitbucket');
  if (repository === undefined) throw new Error(`no repository ${pull.repositoryId}`);
  return {
    actor: accountShape(actor),
    repository: hookRepository(forge.url, repository),
    pullrequest: pullShape(forge, repository, pull),
  };
}

/** Commits by the first 12 digits of their ids alone; the source of a fork that is gone has no repository. */
export function pullShape(forge: Forge, repository: Repository, pull: Pull): Record<string, unknown> {
  const source = forge.repositories.get(pull.sourceRepositoryId, 'bitbucket');
  const html = `${forge.url}/${fullNameOf(repository)}/pull-requests/${pull.number}`;
  return {
    type: 'pullrequest',
    id: pull.number,
    title: pull.title,
    description: pull.description,
    state: pull.state,
    draft: pull.draft,
    author: accountShape(pull.author),
    source: {
      branch: { name: pull.sourceBranch },
      commit: { type: 'commit', hash: pull.head.slice(0, 12) },
      repository: source === undefined ? null : hookRepository(forge.url, source),
    },
    destination: {
      branch: { name: pull.destinationBranch },
      commit: null,
      repository: hookRepository(forge.url, repository),
    },
    merge_commit: pull.mergeCommit === null ? null : { type: 'commit', hash: pull.mergeCommit.slice(0, 12) },
    closed_by: pull.state === 'OPEN' ? null : accountShape(pull.author),
    reviewers: [],
    participants: [],
    reason: '',
    created_on: pull.createdAt.toISOString(),
    updated_on: pull.updatedAt.toISOString(),
    links: { html: { href: html }, self: { href: html } },
  };
}
