import { randomBytes } from 'node:crypto';
import { v7 as newId } from 'uuid';
import type { SecretPlace, Vault } from '#credentials/vault.ts';
import type { Database } from '#db/database.ts';
import type { Links } from '#domain/links.ts';
import type { HookSecret, HookSecrets, Provider } from '#providers/contract.ts';
import type { OpenDeps } from '#repositories/open.ts';
import type { HookRow, HookSecretsRow } from './store.ts';
import { claimSecret, findHook, insertHook, listHookSecrets } from './store.ts';

export interface HookDeps extends OpenDeps {
  readonly database: Database;
  readonly vault: Vault;
  readonly links: Links;
}

/** A hook as the interface shows it. `secret` is there once: the first time that somebody asks for it, and when it is rotated. */
export interface Hook {
  readonly id: string;
  readonly url: string;
  readonly secret?: string;
  readonly status: HookRow['status'];
  readonly detail: string | null;
  readonly last_delivery_at: string | null;
  /** Until when deliveries signed with the secret before this one are taken. */
  readonly previous_until: string | null;
}

export function toHook(links: Links, row: HookRow, secret?: string): Hook {
  return {
    id: row.id,
    url: links.hook(row.provider, row.id),
    ...(secret === undefined ? {} : { secret }),
    status: row.status,
    detail: row.status_detail,
    last_delivery_at: row.last_delivery_at?.toISOString() ?? null,
    previous_until: row.previous_until?.toISOString() ?? null,
  };
}

const SECRET_BYTES = 32;

export function makeSecret(): string {
  return randomBytes(SECRET_BYTES).toString('base64url');
}

export function secretPlace(hook: { readonly id: string; readonly organizationId: string }, field: SecretPlace['field']): SecretPlace {
  return { table: 'hooks', field, rowId: hook.id, organizationId: hook.organizationId };
}

/** The hook of a repository, made if there is none. Undefined for a provider without webhooks. */
export async function ensureHook(
  deps: HookDeps,
  repository: { readonly id: string; readonly organizationId: string; readonly provider: string },
): Promise<HookRow | undefined> {
  const provider: Provider | undefined = deps.findProvider(repository.provider);
  if (provider?.webhooks === undefined) return undefined;
  const existing = await findHook(deps.database, repository.id);
  if (existing !== undefined) return existing;
  const id = newId();
  const sealed = deps.vault.seal(makeSecret(), secretPlace({ id, organizationId: repository.organizationId }, 'secret'));
  await deps.database.transaction((tx) =>
    insertHook(tx, {
      id,
      organization_id: repository.organizationId,
      repository_id: repository.id,
      provider: provider.id,
      sealed_secret: sealed,
      status: 'not_configured',
      status_detail: 'Not registered at the provider yet.',
    }),
  );
  return findHook(deps.database, repository.id);
}

/** The secret, for the first who asks; undefined for everybody after. */
export async function revealOnce(deps: HookDeps, row: HookRow): Promise<string | undefined> {
  const sealed = await claimSecret(deps.database, row.id);
  return sealed === undefined
    ? undefined
    : deps.vault.open(sealed, secretPlace({ id: row.id, organizationId: row.organization_id }, 'secret'));
}

/** Hooks as a delivery is verified with them, by id; the secret before the current one only while a rotation overlaps. */
export async function loadHooks({ database, vault }: Pick<HookDeps, 'database' | 'vault'>, ids: readonly string[]) {
  const rows = await listHookSecrets(database, ids);
  return new Map(rows.map((row) => [row.id, { ...toVerified(row), open: () => openSecrets(vault, row) }]));
}

function toVerified(row: HookSecretsRow) {
  const { id, provider, sealed_secret: sealedSecret, sealed_previous_secret: previous } = row;
  return { id, provider, sealedSecret, sealedPreviousSecret: previous ?? undefined };
}

function openSecrets(vault: Vault, row: HookSecretsRow): HookSecrets {
  const place = { id: row.id, organizationId: row.organization_id };
  const current: HookSecret = { kind: 'hmac', secret: vault.open(row.sealed_secret, secretPlace(place, 'secret')) };
  return row.sealed_previous_secret === null
    ? [current]
    : [current, { kind: 'hmac', secret: vault.open(row.sealed_previous_secret, secretPlace(place, 'previous_secret')) }];
}
