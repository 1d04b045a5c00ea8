import type { Account } from '#test/forge/accounts.ts';
import type { Commit } from '#test/forge/git/commits.ts';
import { fullNameOf, type Repository } from '#test/forge/repositories.ts';
import type { Role } from '#test/forge/wire.ts';
import type { CommitStatus } from './state.ts';

/** Base of the REST API, in the form of GitHub Enterprise Server. */
export function apiBase(url: string): string {
  return `${url}/api/v3`;
}

export function apiUrlOf(url: string, repository: Repository): string {
  return `${apiBase(url)}/repos/${fullNameOf(repository)}`;
}

export function accountShape(url: string, { id, login, type }: Account): Record<string, unknown> {
  const api = `${apiBase(url)}/users/${login}`;
  return {
    login,
    id,
    node_id: nodeId(type === 'User' ? 'U' : 'O', id),
    avatar_url: `${url}/avatars/u/${id}?`,
    gravatar_id: '',
    url: api,
    html_url: `${url}/${login}`,
    repos_url: `${api}/repos`,
    organizations_url: `${api}/orgs`,
    events_url: `${api}/events{/privacy}`,
    type,
    site_admin: false,
  };
}

export function repositoryShape(url: string, repository: Repository, role: Role | undefined): Record<string, unknown> {
  const rank = (['read', 'triage', 'write', 'maintain', 'admin'] as const).indexOf(role ?? 'read');
  return {
    ...repositoryCore(url, repository),
    owner: accountShape(url, repository.owner),
    created_at: isoSeconds(repository.createdAt),
    updated_at: isoSeconds(repository.pushedAt),
    pushed_at: isoSeconds(repository.pushedAt),
    ...(role === undefined
      ? {}
      : { permissions: { admin: rank >= 4, maintain: rank >= 3, push: rank >= 2, triage: rank >= 1, pull: true } }),
  };
}

/** What is equal in the API and in every event. */
export function repositoryCore(url: string, repository: Repository): Record<string, unknown> {
  const fullName = fullNameOf(repository);
  const html = `${url}/${fullName}`;
  const api = apiUrlOf(url, repository);
  const { host } = new URL(url);
  return {
    id: repository.id,
    node_id: nodeId('R', repository.id),
    name: repository.name,
    full_name: fullName,
    private: repository.private,
    html_url: html,
    description: null,
    fork: false,
    url: api,
    hooks_url: `${api}/hooks`,
    branches_url: `${api}/branches{/branch}`,
    commits_url: `${api}/commits{/sha}`,
    statuses_url: `${api}/statuses/{sha}`,
    issue_comment_url: `${api}/issues/comments{/number}`,
    pulls_url: `${api}/pulls{/number}`,
    git_url: `git://${host}/${fullName}.git`,
    ssh_url: `git@${host}:${fullName}.git`,
    clone_url: `${html}.git`,
    svn_url: html,
    size: 0,
    has_issues: true,
    archived: repository.archived,
    disabled: false,
    visibility: repository.private ? 'private' : 'public',
    default_branch: repository.defaultBranch,
  };
}

export function commitShape(url: string, repository: Repository, commit: Commit): Record<string, unknown> {
  const api = apiUrlOf(url, repository);
  return {
    sha: commit.id,
    node_id: nodeId('C', commit.id),
    commit: {
      author: commit.author,
      committer: commit.committer,
      message: commit.message,
      tree: { sha: commit.tree, url: `${api}/git/trees/${commit.tree}` },
      url: `${api}/git/commits/${commit.id}`,
      comment_count: 0,
    },
    url: `${api}/commits/${commit.id}`,
    html_url: `${url}/${fullNameOf(repository)}/commit/${commit.id}`,
    author: null,
    committer: null,
    parents: commit.parents.map((sha) => ({
      sha,
      url: `${api}/commits/${sha}`,
      html_url: `${url}/${fullNameOf(repository)}/commit/${sha}`,
    })),
  };
}

export function statusShape(url: string, repository: Repository, status: CommitStatus): Record<string, unknown> {
  return {
    url: `${apiUrlOf(url, repository)}/statuses/${status.sha}`,
    avatar_url: `${url}/avatars/u/${status.creator.id}?`,
    id: status.id,
    node_id: nodeId('SC', status.id),
    state: status.state,
    description: status.description,
    target_url: status.target_url,
    context: status.context,
    created_at: isoSeconds(status.createdAt),
    updated_at: isoSeconds(status.createdAt),
  };
}

export function nodeId(kind: string, id: number | string): string {
  return `${kind}_${Buffer.from(String(id)).toString('base64url')}`;
}

/** GitHub gives no fractions of a second. */
export function isoSeconds(date: Date): string {
  return `${date.toISOString().slice(0, 19)}Z`;
}

export function epochSeconds(date: Date): number {
  return Math.floor(date.getTime() / 1000);
}
