import type { Links } from '#domain/links.ts';
import { printTime, printTimeOrNull } from '#domain/time.ts';
import type { AppProvider } from '#providers/app-contract.ts';
import type { ReachedRepository, ShownInstallation } from './installations/store.ts';
import type { AppRow } from './store.ts';

/** A GitHub App as every interface shows it: never its key, nor any other secret. */
export interface ShownApp {
  readonly id: string;
  readonly object_type: 'tributary.githubapp';
  readonly display: string;
  readonly name: string;
  readonly slug: string | null;
  readonly app_id: string;
  readonly client_id: string | null;
  /** Base of its server. */
  readonly url: string;
  readonly owner: string | null;
  readonly html_url: string | null;
  /** Page that installs it on an account; null while its name at GitHub is not known. */
  readonly install_url: string | null;
  /** Where GitHub delivers to. */
  readonly webhook: { readonly id: string; readonly url: string; readonly last_delivery_at: string | null };
  /** `environment`: APP_ID and what goes with it; it is changed there. */
  readonly source: AppRow['source'];
  readonly state: AppRow['state'];
  readonly detail: string | null;
  readonly installations_count: number;
  readonly created_at: string;
  readonly updated_at: string;
}

export function showApp(links: Links, provider: Pick<AppProvider, 'installUrl'>, row: AppRow): ShownApp {
  return {
    id: row.id,
    object_type: 'tributary.githubapp',
    display: row.name,
    name: row.name,
    slug: row.slug,
    app_id: row.remote_id,
    client_id: row.client_id,
    url: row.url,
    owner: row.owner_login,
    html_url: row.html_url,
    install_url: row.slug === null ? null : provider.installUrl({ url: row.url, slug: row.slug, webUrl: row.html_url ?? undefined }),
    webhook: { id: row.hook_id, url: links.hook('github', row.hook_id), last_delivery_at: printTimeOrNull(row.last_delivery_at) },
    source: row.source,
    state: row.state,
    detail: row.state_detail,
    installations_count: row.installations_count,
    created_at: printTime(row.created_at),
    updated_at: printTime(row.updated_at),
  };
}

/** `gone`: it was uninstalled. `unknown`: the provider was not asked yet. */
export type InstallationState = 'active' | 'suspended' | 'gone' | 'refused' | 'unknown';

export function showInstallation(row: ShownInstallation) {
  const { credential_id: id, credential_name: name } = row;
  return {
    id: row.id,
    object_type: 'tributary.appinstallation',
    display: `${row.app_name} on ${row.account_login}`,
    app: { id: row.app_id, name: row.app_name },
    installation_id: row.remote_id,
    account: { id: row.account_id, login: row.account_login, type: row.account_type },
    repository_selection: row.repository_selection,
    repositories_count: row.repositories_count,
    permissions: row.permissions,
    /** What a repository names to be reached through it; null until the provider was asked once. */
    credential: id === null || name === null ? null : { id, name, state: row.credential_state, reason: row.credential_reason },
    state: stateOf(row),
    detail: row.credential_detail,
    html_url: row.html_url,
    suspended_at: printTimeOrNull(row.suspended_at),
    deleted_at: printTimeOrNull(row.deleted_at),
    refreshed_at: printTimeOrNull(row.refreshed_at),
    created_at: printTime(row.created_at),
    updated_at: printTime(row.updated_at),
  };
}

function stateOf(row: ShownInstallation): InstallationState {
  if (row.deleted_at !== null) return 'gone';
  if (row.refreshed_at === null) return 'unknown';
  if (row.suspended_at !== null) return 'suspended';
  return row.credential_state === 'revoked' ? 'refused' : 'active';
}

export function showReached(links: Links, row: ReachedRepository) {
  return {
    id: row.remote_id,
    full_name: row.full_name,
    private: row.private,
    added_at: printTime(row.added_at),
    removed_at: printTimeOrNull(row.removed_at),
    repositories: row.registered.map(({ id, name }) => ({ id, name, url: links.repository(id) })),
  };
}
