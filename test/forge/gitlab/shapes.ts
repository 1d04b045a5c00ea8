import type { Account } from '#test/forge/accounts.ts';
import type { Commit } from '#test/forge/git/commits.ts';
import { fullNameOf, type Repository } from '#test/forge/repositories.ts';
import type { Caller } from './access.ts';
import { levelIn } from './access.ts';
import type { CommitStatus } from './state.ts';

export const API_PREFIX = '/api/v4';

export function apiUrlOf(url: string, project: Pick<Repository, 'id'>): string {
  return `${url}${API_PREFIX}/projects/${project.id}`;
}

export function userShape(url: string, { id, login }: Account): Record<string, unknown> {
  return {
    id,
    username: login,
    public_email: '',
    name: login,
    state: 'active',
    locked: false,
    avatar_url: null,
    web_url: `${url}/${login}`,
  };
}

/** `empty` projects have no default branch yet, whatever HEAD says. */
export function simpleProject(url: string, project: Repository, empty: boolean): Record<string, unknown> {
  const path = fullNameOf(project);
  const { owner, name } = project;
  return {
    id: project.id,
    description: null,
    name,
    name_with_namespace: `${owner.login.replaceAll('/', ' / ')} / ${name}`,
    path: name,
    path_with_namespace: path,
    created_at: project.createdAt.toISOString(),
    default_branch: empty ? null : project.defaultBranch,
    tag_list: [],
    topics: [],
    ssh_url_to_repo: `git@${new URL(url).hostname}:${path}.git`,
    http_url_to_repo: `${url}/${path}.git`,
    web_url: `${url}/${path}`,
    readme_url: null,
    forks_count: 0,
    avatar_url: null,
    star_count: 0,
    last_activity_at: project.pushedAt.toISOString(),
    visibility: project.private ? 'private' : 'public',
    namespace: namespaceShape(url, owner),
  };
}

/** `permissions` are those of the caller: of the project for members, of the group for its tokens. */
export function projectShape(url: string, project: Repository, caller: Caller, empty: boolean): Record<string, unknown> {
  const level = levelIn(caller, project);
  const access = level === undefined ? null : { access_level: level, notification_level: 3 };
  const ofGroup = caller?.reach.kind === 'group';
  return {
    ...simpleProject(url, project, empty),
    _links: { self: apiUrlOf(url, project), repo_branches: `${apiUrlOf(url, project)}/repository/branches` },
    empty_repo: empty,
    archived: project.archived,
    creator_id: project.owner.id,
    import_status: 'none',
    jobs_enabled: true,
    issues_enabled: true,
    merge_requests_enabled: true,
    ...(caller === undefined ? {} : { permissions: { project_access: ofGroup ? null : access, group_access: ofGroup ? access : null } }),
  };
}

export function commitShape(url: string, project: Repository, commit: Commit): Record<string, unknown> {
  const { author, committer, message } = commit;
  return {
    id: commit.id,
    short_id: commit.id.slice(0, 8),
    created_at: committer.date,
    parent_ids: commit.parents,
    title: message.split('\n')[0] ?? '',
    message,
    author_name: author.name,
    author_email: author.email,
    authored_date: author.date,
    committer_name: committer.name,
    committer_email: committer.email,
    committed_date: committer.date,
    trailers: {},
    extended_trailers: {},
    web_url: `${url}/${fullNameOf(project)}/-/commit/${commit.id}`,
  };
}

export function statusShape(url: string, status: CommitStatus): Record<string, unknown> {
  return {
    id: status.id,
    sha: status.sha,
    ref: status.ref,
    status: status.status,
    name: status.name,
    target_url: status.targetUrl,
    description: status.description,
    created_at: status.createdAt.toISOString(),
    started_at: status.startedAt?.toISOString() ?? null,
    finished_at: status.finishedAt?.toISOString() ?? null,
    allow_failure: false,
    coverage: status.coverage,
    pipeline_id: status.pipelineId,
    author: userShape(url, status.author),
  };
}

function namespaceShape(url: string, { id, login, type }: Account): Record<string, unknown> {
  const isUser = type === 'User';
  return {
    id,
    name: login.split('/').at(-1),
    path: login.split('/').at(-1),
    kind: isUser ? 'user' : 'group',
    full_path: login,
    parent_id: null,
    avatar_url: null,
    web_url: isUser ? `${url}/${login}` : `${url}/groups/${login}`,
  };
}
