import type { Account } from '#test/forge/accounts.ts';
import type { Forge } from '#test/forge/forge.ts';
import { peelToCommit, readChangedPaths, readCommits, type Commit } from '#test/forge/git/commits.ts';
import { readRef, ZERO, type RefChange } from '#test/forge/git/refs.ts';
import { readGit } from '#test/forge/git/run.ts';
import { fullNameOf, type Repository } from '#test/forge/repositories.ts';
import { hookProject, hookRepository } from './project.ts';

/** The newest that a payload shows; `total_commits_count` tells of all. */
const MAX_COMMITS = 20;

/** The push or tag event of one ref, told from the repository as it is after the push. */
export async function pushPayload(
  forge: Pick<Forge, 'url'>,
  project: Repository,
  change: RefChange,
  user: Account,
): Promise<Record<string, unknown>> {
  const { ref, before, after } = change;
  const kind = ref.startsWith('refs/tags/') ? 'tag_push' : 'push';
  const commit = after === ZERO ? undefined : await peelToCommit(project.dir, after);
  const ids = kind === 'push' && commit !== undefined ? await listGained(project, change) : [];
  return {
    object_kind: kind,
    event_name: kind,
    before,
    after,
    ref,
    ref_protected: ref === `refs/heads/${project.defaultBranch}`,
    checkout_sha: commit ?? null,
    message: kind === 'tag_push' && commit !== undefined && commit !== after ? await tagMessage(project.dir, after) : null,
    user_id: user.id,
    user_name: user.login,
    user_username: user.login,
    user_email: '',
    user_avatar: null,
    project_id: project.id,
    project: hookProject(forge.url, project),
    commits: await describeCommits(forge.url, project, ids.slice(0, MAX_COMMITS).toReversed()),
    total_commits_count: ids.length,
    push_options: {},
    repository: hookRepository(forge.url, project),
  };
}

/** Commit as webhooks tell it, without its paths. */
export function hookCommit(url: string, project: Repository, { id, message, author }: Commit): Record<string, unknown> {
  return {
    id,
    message,
    title: message.split('\n')[0] ?? '',
    timestamp: author.date,
    url: `${url}/${fullNameOf(project)}/-/commit/${id}`,
    author: { name: author.name, email: '[REDACTED]' },
  };
}

/** What the branch gained, newest first. Of a new branch, what the default branch has not; of a new default branch, everything. */
async function listGained(project: Repository, { ref, before, after }: RefChange): Promise<readonly string[]> {
  const defaultRef = `refs/heads/${project.defaultBranch}`;
  const base = before !== ZERO ? before : ref === defaultRef ? undefined : await readRef(project.dir, defaultRef);
  const list = await readGit(project.dir, ['rev-list', after, ...(base === undefined ? [] : ['--not', base])]);
  return list.split('\n').filter((line) => line !== '');
}

async function describeCommits(url: string, project: Repository, ids: readonly string[]): Promise<readonly Record<string, unknown>[]> {
  if (ids.length === 0) return [];
  const [commits, paths] = await Promise.all([readCommits(project.dir, ids), readChangedPaths(project.dir, ids)]);
  return commits.map((commit) => {
    const { added, modified, removed } = paths.get(commit.id) ?? { added: [], modified: [], removed: [] };
    return { ...hookCommit(url, project, commit), added, modified, removed };
  });
}

async function tagMessage(dir: string, tag: string): Promise<string> {
  const text = await readGit(dir, ['cat-file', 'tag', tag]);
  return text.slice(text.indexOf('\n\n') + 2);
}
