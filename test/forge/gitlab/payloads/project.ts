import type { Account } from '#test/forge/accounts.ts';
import { fullNameOf, type Repository } from '#test/forge/repositories.ts';

/** A project in a webhook: fewer fields than the API has, and other ones. */
export function hookProject(url: string, project: Repository): Record<string, unknown> {
  const path = fullNameOf(project);
  const ssh = `git@${new URL(url).hostname}:${path}.git`;
  return {
    id: project.id,
    name: project.name,
    description: null,
    web_url: `${url}/${path}`,
    avatar_url: null,
    git_ssh_url: ssh,
    git_http_url: `${url}/${path}.git`,
    namespace: project.owner.login.split('/').at(-1),
    visibility_level: project.private ? 0 : 20,
    path_with_namespace: path,
    default_branch: project.defaultBranch,
    ci_config_path: null,
    homepage: `${url}/${path}`,
    url: ssh,
    ssh_url: ssh,
    http_url: `${url}/${path}.git`,
  };
}

export function hookRepository(url: string, project: Repository): Record<string, unknown> {
  const shape = hookProject(url, project);
  return {
    name: project.name,
    url: shape['ssh_url'],
    description: '',
    homepage: shape['homepage'],
    git_http_url: shape['git_http_url'],
    git_ssh_url: shape['git_ssh_url'],
    visibility_level: shape['visibility_level'],
  };
}

export function hookUser({ id, login }: Account): Record<string, unknown> {
  return { id, name: login, username: login, avatar_url: null, email: '[REDACTED]' };
}
