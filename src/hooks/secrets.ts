import { randomBytes } from 'node:crypto';
import type { SecretPlace } from '#credentials/vault.ts';
import type { HookSecretKind, HookSecrets, HookSpec, WebhookReader } from '#providers/contract.ts';
import type { HookDeps } from './hook.ts';
import type { HookRow, HookSecretsRow } from './store.ts';
import { listHookSecrets } from './store.ts';

const KEY_BYTES = 32;

/** What a hook's secrets are made from. */
export function makeKey(): string {
  return randomBytes(KEY_BYTES).toString('base64url');
}

export function secretPlace(hook: { readonly id: string; readonly organizationId: string }, field: SecretPlace['field']): SecretPlace {
  return { table: 'hooks', field, rowId: hook.id, organizationId: hook.organizationId };
}

/** What the provider is told. */
export function specOf(deps: Pick<HookDeps, 'links' | 'findProvider'>, row: Pick<HookRow, 'id' | 'provider'>, key: string): HookSpec {
  return { url: deps.links.hook(row.provider, row.id), secrets: readerOf(deps, row.provider).secretsOf(key) };
}

/** A hook is only ever made for a provider that has webhooks. */
export function readerOf({ findProvider }: Pick<HookDeps, 'findProvider'>, provider: string): WebhookReader {
  const reader = findProvider(provider)?.webhooks;
  if (reader === undefined) throw new Error(`${provider} has no webhooks`);
  return reader;
}

/** Hooks as a delivery is verified with them, by id; the secrets before the current ones only while a rotation overlaps. */
export async function loadHooks(deps: Pick<HookDeps, 'database' | 'vault' | 'findProvider'>, ids: readonly string[]) {
  const rows = await listHookSecrets(deps.database, ids);
  return new Map(rows.map((row) => [row.id, { ...toVerified(row), open: () => openSecrets(deps, row) }]));
}

function toVerified(row: HookSecretsRow) {
  const { id, provider, read_at: readAt, sealed_secret: sealedSecret, sealed_previous_secret: previous, secret_kind: kind } = row;
  return { id, provider, readAt, sealedSecret, sealedPreviousSecret: previous ?? undefined, secretKind: kind ?? undefined };
}

function openSecrets({ vault, findProvider }: Pick<HookDeps, 'vault' | 'findProvider'>, row: HookSecretsRow): Opened {
  const reader = readerOf({ findProvider }, row.provider);
  const place = { id: row.id, organizationId: row.organization_id };
  const current = reader.secretsOf(vault.open(row.sealed_secret, secretPlace(place, 'secret')));
  const previous =
    row.sealed_previous_secret === null
      ? []
      : onlyKind(reader.secretsOf(vault.open(row.sealed_previous_secret, secretPlace(place, 'previous_secret'))), row.previous_secret_kind);
  const present = onlyKind(current, row.secret_kind);
  return {
    secrets: [...present, ...previous],
    present: previous.length === 0 ? undefined : present,
    tightenTo: row.secret_kind === null && current.length > 1 ? current.at(-1)?.kind : undefined,
  };
}

interface Opened {
  readonly secrets: HookSecrets;
  readonly present: HookSecrets | undefined;
  readonly tightenTo: HookSecretKind | undefined;
}

/** A provider that is known to sign is not believed without a signature. */
function onlyKind(secrets: HookSecrets, kind: HookSecretKind | null): HookSecrets {
  const only = secrets.find((secret) => secret.kind === kind);
  return only === undefined ? secrets : [only];
}
