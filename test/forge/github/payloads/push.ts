import { emailOf, type Account } from '#test/forge/accounts.ts';
import type { Forge } from '#test/forge/forge.ts';
import {
  listNewCommits,
  peelToCommit,
  readChangedPaths,
  readCommits,
  wasForced,
  type Commit,
  type Signature,
} from '#test/forge/git/commits.ts';
import { branchesAt, ZERO, type RefChange } from '#test/forge/git/refs.ts';
import { accountShape, epochSeconds, isoSeconds, repositoryCore } from '#test/forge/github/shapes.ts';
import { fullNameOf, type Repository } from '#test/forge/repositories.ts';

const MAX_COMMITS = 2_048;

/** The push event of one ref, told from the repository as it is after the push. */
export async function pushPayload(
  forge: Pick<Forge, 'url' | 'accounts'>,
  repository: Repository,
  change: RefChange,
  pusher: Account,
): Promise<Record<string, unknown>> {
  const { ref, before, after } = change;
  const head = after === ZERO ? undefined : await peelToCommit(repository.dir, after);
  const isBranch = ref.startsWith('refs/heads/');
  const gained =
    head !== undefined && isBranch ? await listNewCommits(repository.dir, change, MAX_COMMITS) : { ids: [], distinct: new Set<string>() };
  const shown = await describeCommits(forge, repository, head === undefined ? gained.ids : [...gained.ids, head], gained.distinct);
  return {
    ref,
    before,
    after,
    created: before === ZERO,
    deleted: after === ZERO,
    forced: isBranch && (await wasForced(repository.dir, before, after)),
    base_ref:
      before === ZERO && head !== undefined ? ((await branchesAt(repository.dir, head)).find((branch) => branch !== ref) ?? null) : null,
    compare: compareUrl(forge.url, repository, change),
    commits: shown.slice(0, gained.ids.length),
    head_commit: head === undefined ? null : (shown.at(-1) ?? null),
    repository: pushedRepository(forge.url, repository),
    pusher: { name: pusher.login, email: emailOf(pusher) },
  };
}

async function describeCommits(
  forge: Pick<Forge, 'url' | 'accounts'>,
  repository: Repository,
  ids: readonly string[],
  distinct: ReadonlySet<string>,
): Promise<readonly Record<string, unknown>[]> {
  if (ids.length === 0) return [];
  const [commits, paths] = await Promise.all([readCommits(repository.dir, ids), readChangedPaths(repository.dir, ids)]);
  const person = ({ name, email }: Signature): Record<string, unknown> => {
    const account = forge.accounts.find(name);
    return { name, email, ...(account === undefined ? {} : { username: account.login }) };
  };
  return commits.map((commit: Commit) => ({
    id: commit.id,
    tree_id: commit.tree,
    distinct: distinct.has(commit.id),
    message: commit.message,
    timestamp: commit.committer.date,
    url: `${forge.url}/${fullNameOf(repository)}/commit/${commit.id}`,
    author: person(commit.author),
    committer: person(commit.committer),
    ...(paths.get(commit.id) ?? { added: [], removed: [], modified: [] }),
  }));
}

/** Times are epoch seconds here and only here, and the owner has a name. */
function pushedRepository(url: string, repository: Repository): Record<string, unknown> {
  const { owner } = repository;
  return {
    ...repositoryCore(url, repository),
    owner: { name: owner.login, email: null, ...accountShape(url, owner) },
    created_at: epochSeconds(repository.createdAt),
    updated_at: isoSeconds(repository.pushedAt),
    pushed_at: epochSeconds(repository.pushedAt),
    master_branch: repository.defaultBranch,
  };
}

function compareUrl(url: string, repository: Repository, { ref, before, after }: RefChange): string {
  const range = before === ZERO ? ref.replace(/^refs\/(heads|tags)\//, '') : `${before.slice(0, 12)}...${after.slice(0, 12)}`;
  return `${url}/${fullNameOf(repository)}/compare/${range}`;
}
