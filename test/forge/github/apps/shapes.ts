import type { Repository } from '#test/forge/repositories.ts';
import { fullNameOf } from '#test/forge/repositories.ts';
import { accountShape, apiBase, isoSeconds, nodeId } from '#test/forge/github/shapes.ts';
import type { App, AppInstallation } from './state.ts';

export function appShape(url: string, app: App): Record<string, unknown> {
  return {
    id: app.id,
    client_id: app.clientId,
    slug: app.slug,
    node_id: nodeId('A', app.id),
    owner: accountShape(url, app.owner),
    name: app.name,
    description: null,
    external_url: app.externalUrl,
    html_url: `${url}/github-apps/${app.slug}`,
    created_at: isoSeconds(app.createdAt),
    updated_at: isoSeconds(app.createdAt),
    permissions: app.permissions,
    events: app.events,
  };
}

export function installationShape(url: string, installation: AppInstallation): Record<string, unknown> {
  const { id, app, account, suspendedAt } = installation;
  return {
    id,
    account: accountShape(url, account),
    repository_selection: installation.repositories === 'all' ? 'all' : 'selected',
    access_tokens_url: `${apiBase(url)}/app/installations/${id}/access_tokens`,
    repositories_url: `${apiBase(url)}/installation/repositories`,
    html_url: `${url}/organizations/${account.login}/settings/installations/${id}`,
    app_id: app.id,
    client_id: app.clientId,
    app_slug: app.slug,
    target_id: account.id,
    target_type: account.type,
    permissions: installation.permissions,
    events: app.events,
    created_at: isoSeconds(installation.createdAt),
    updated_at: isoSeconds(installation.updatedAt),
    single_file_name: null,
    has_multiple_single_files: false,
    single_file_paths: [],
    suspended_by: suspendedAt === null ? null : accountShape(url, account),
    suspended_at: suspendedAt === null ? null : isoSeconds(suspendedAt),
  };
}

/** The short form in which events name repositories. */
export function shortRepository(repository: Repository): Record<string, unknown> {
  return {
    id: repository.id,
    node_id: nodeId('R', repository.id),
    name: repository.name,
    full_name: fullNameOf(repository),
    private: repository.private,
  };
}
