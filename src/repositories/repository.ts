import type { HookStatus } from '#domain/hook.ts';
import type { Links } from '#domain/links.ts';
import { naturalSlug } from '#domain/slug.ts';
import { printTime } from '#domain/time.ts';
import type { AdminStatus, OperationalState, ProviderId, RepositoryKind, SyncState, UpdatePolicy } from '#domain/words.ts';
import type { ShownNetwork } from '#credentials/network/settings.ts';
import { showNetwork, warnOfNetwork } from '#credentials/network/settings.ts';
import type { NetworkRow } from '#credentials/network/store.ts';
import { returnedContents } from './provided-contents.ts';
import type { LineRow, RepositoryRow } from './store.ts';

/** A repository as every interface shows it: document 002's keys in its order, then ours. */
export interface Repository {
  readonly id: string;
  readonly object_type: 'extras.gitrepository';
  readonly display: string;
  readonly url: string;
  readonly natural_slug: string;
  readonly provided_contents: readonly string[];
  readonly name: string;
  readonly slug: string;
  readonly remote_url: string;
  readonly branch: string;
  readonly current_head: string;
  readonly secrets_group: ObjectLink | null;
  readonly created: string;
  readonly last_updated: string;
  readonly notes_url: string;
  readonly custom_fields: Readonly<Record<string, never>>;
  readonly tags: readonly string[];
  readonly kind: RepositoryKind;
  readonly provider: ProviderId;
  readonly ref: string;
  readonly default_branch: string | null;
  readonly commit: string | null;
  readonly credential: CredentialLink | null;
  readonly credential_mode: 'organization' | 'personal';
  readonly path_prefix: string;
  readonly update_policy: UpdatePolicy;
  readonly admin_status: AdminStatus;
  readonly operational_status: { readonly state: OperationalState; readonly reason: string | null; readonly since: string };
  /** By Tributary branch. */
  readonly sync_status: Readonly<Record<string, SyncStatus>>;
  readonly webhook: WebhookState | null;
  readonly description: string;
  /** Its own settings; null is left to the credential. */
  readonly network: ShownNetwork;
  /** What the change did beyond what was asked, or what it ignored. Absent when there is nothing to say. */
  readonly warnings?: readonly string[] | undefined;
}

/** How changes are told of; where it is not active the remote is polled instead. */
export interface WebhookState {
  readonly id: string;
  readonly url: string;
  readonly status: HookStatus;
  readonly reason: string | null;
  readonly since: string;
  readonly checked_at: string | null;
}

export interface ObjectLink {
  readonly id: string;
  readonly object_type: string;
  readonly url: string;
}

/** The credential with what is known of it: `detail` says what is wrong, and what goes without it. */
export interface CredentialLink extends ObjectLink {
  readonly name: string;
  readonly state: string;
  readonly detail: string | null;
}

export interface SyncStatus {
  readonly state: SyncState;
  readonly commit: string | null;
  readonly last_good_commit: string | null;
  readonly last_success_at: string | null;
  readonly error: unknown;
}

const NEVER_SYNCED: SyncStatus = { state: 'unknown', commit: null, last_good_commit: null, last_success_at: null, error: null };
const MAIN = 'main';

/** What is shown of a repository beside its own row. */
export interface BesideRepository {
  readonly network: NetworkRow | undefined;
  readonly warnings?: readonly string[];
}

export function toRepository(
  links: Links,
  row: RepositoryRow,
  lines: readonly LineRow[],
  { network, warnings: told = [] }: BesideRepository,
): Repository {
  const warnings = [...told, ...warnOfNetwork(network)];
  const url = links.repository(row.id);
  const credential = toCredentialLink(links, row);
  return {
    id: row.id,
    object_type: 'extras.gitrepository',
    display: row.name,
    url,
    natural_slug: naturalSlug(row.name, row.id),
    provided_contents: returnedContents(row.provided_contents),
    name: row.name,
    slug: row.slug,
    remote_url: row.remote_url,
    branch: row.ref,
    current_head: row.current_head,
    secrets_group: credential === null ? null : { id: credential.id, object_type: credential.object_type, url: credential.url },
    created: printTime(row.created_at),
    last_updated: printTime(row.updated_at),
    notes_url: `${url}notes/`,
    custom_fields: {},
    tags: toTags(row.tags),
    kind: row.kind,
    provider: row.provider,
    ref: row.ref,
    default_branch: row.default_branch,
    commit: row.pinned_commit,
    credential,
    credential_mode: row.credential_mode,
    path_prefix: row.path_prefix,
    update_policy: row.update_policy,
    admin_status: row.admin_status,
    operational_status: { state: row.operational_state, reason: row.operational_reason, since: printTime(row.operational_since) },
    sync_status: toSyncStatus(lines, row.wanted > row.seen),
    webhook: toWebhookState(links, row),
    description: row.description,
    network: showNetwork(network),
    ...(warnings.length > 0 ? { warnings } : {}),
  };
}

function toWebhookState(links: Links, row: RepositoryRow): WebhookState | null {
  if (row.hook_id === null || row.hook_status === null || row.hook_provider === null || row.hook_since === null) return null;
  return {
    id: row.hook_id,
    url: links.hook(row.hook_provider, row.hook_id),
    status: row.hook_status,
    reason: row.hook_reason,
    since: printTime(row.hook_since),
    checked_at: row.hook_checked_at === null ? null : printTime(row.hook_checked_at),
  };
}

function toCredentialLink(links: Links, row: RepositoryRow): Repository['credential'] {
  if (row.credential_id === null || row.credential_name === null) return null;
  return {
    id: row.credential_id,
    name: row.credential_name,
    ...(row.credential_kind === 'password'
      ? { object_type: 'extras.credential', url: links.credential(row.organization_slug, row.credential_id) }
      : { object_type: 'extras.gittoken', url: links.gitToken(row.organization_slug, row.credential_id) }),
    state: row.credential_state ?? 'unverified',
    detail: row.credential_detail,
  };
}

export function toTags(stored: unknown): readonly string[] {
  return Array.isArray(stored) ? stored.filter((tag) => typeof tag === 'string') : [];
}

/**
 * A branch that no run has looked at is `unknown`, and one that a sync was asked for is `syncing` until that sync has ended, whether it waits
 * or runs: never `in-sync`. What a run comes to and what it has seen are written together, so that neither is shown without the other.
 */
function toSyncStatus(lines: readonly LineRow[], isWanted: boolean): Readonly<Record<string, SyncStatus>> {
  const byBranch = lines.map((line) => [
    line.branch,
    {
      state: isWanted && line.sync_state === 'in-sync' ? 'syncing' : line.sync_state,
      commit: line.commit_id,
      last_good_commit: line.good_commit_id,
      last_success_at: line.last_success_at === null ? null : printTime(line.last_success_at),
      error: line.error,
    },
  ]);
  return Object.fromEntries(byBranch.length === 0 ? [[MAIN, NEVER_SYNCED]] : byBranch);
}
