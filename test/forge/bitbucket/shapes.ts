import type { Account } from '#test/forge/accounts.ts';
import type { Commit } from '#test/forge/git/commits.ts';
import { fullNameOf, type Repository } from '#test/forge/repositories.ts';
import { uuidOf } from './uuid.ts';

export const API_PREFIX = '/2.0';
/** Every repository of a workspace is in its one project. */
const PROJECT = 'PRJ';

export function apiUrlOf(url: string, repository: Repository): string {
  return `${url}${API_PREFIX}/repositories/${fullNameOf(repository)}`;
}

export function accountShape(account: Account): Record<string, unknown> {
  const { id, login, type } = account;
  const names =
    type === 'Organization'
      ? { username: login, display_name: login }
      : { nickname: login, display_name: login, account_id: `712020:${id}` };
  return { type: type === 'Organization' ? 'team' : 'user', uuid: uuidOf(id), ...names };
}

export function workspaceShape(account: Account): Record<string, unknown> {
  return { type: 'workspace', uuid: uuidOf(account.id), slug: account.login, name: account.login };
}

/** As webhooks name it: without its branch and its size. The name is for people; the slug is in `full_name`. */
export function hookRepository(url: string, repository: Repository): Record<string, unknown> {
  const html = `${url}/${fullNameOf(repository)}`;
  return {
    type: 'repository',
    uuid: uuidOf(repository.id),
    full_name: fullNameOf(repository),
    name: displayName(repository),
    is_private: repository.private,
    scm: 'git',
    owner: accountShape(repository.owner),
    workspace: workspaceShape(repository.owner),
    project: { type: 'project', key: PROJECT, name: PROJECT },
    links: { self: { href: apiUrlOf(url, repository) }, html: { href: html }, avatar: { href: `${html}/avatar` } },
  };
}

/** The clone link has a user name in it already, which is a trap (PROVIDERS.md 1.3). */
export function repositoryShape(url: string, repository: Repository, login: string, isEmpty: boolean): Record<string, unknown> {
  const { links, ...known } = hookRepository(url, repository);
  const clone = new URL(`${url}/${fullNameOf(repository)}.git`);
  clone.username = login;
  return {
    ...known,
    slug: repository.name,
    description: '',
    mainbranch: isEmpty ? null : { type: 'branch', name: repository.defaultBranch },
    created_on: repository.createdAt.toISOString(),
    updated_on: repository.pushedAt.toISOString(),
    size: 0,
    links: {
      ...(links as object),
      clone: [
        { name: 'https', href: clone.href },
        { name: 'ssh', href: `git@bitbucket.org:${fullNameOf(repository)}.git` },
      ],
    },
  };
}

export function commitShape(url: string, repository: Repository, commit: Commit): Record<string, unknown> {
  return {
    type: 'commit',
    hash: commit.id,
    date: commit.author.date,
    message: commit.message,
    author: { type: 'author', raw: `${commit.author.name} <${commit.author.email}>` },
    parents: commit.parents.map((hash) => ({ type: 'commit', hash })),
    links: { html: { href: `${url}/${fullNameOf(repository)}/commits/${commit.id}` } },
  };
}

function displayName({ name }: Repository): string {
  return name.replaceAll(/[-_]+/g, ' ').replace(/^./, (first) => first.toUpperCase());
}
