import { v7 as newId } from 'uuid';
import type { Vault } from '#credentials/vault.ts';
import type { Database } from '#db/database.ts';
import type { HookProblem } from '#domain/hook.ts';
import { readProblems } from '#domain/hook.ts';
import type { Links } from '#domain/links.ts';
import { printTime } from '#domain/time.ts';
import type { HookSetting, Provider } from '#providers/contract.ts';
import type { OpenDeps } from '#repositories/open.ts';
import { makeKey, readerOf, secretPlace, specOf } from './secrets.ts';
import type { HookRow } from './store.ts';
import { claimSecret, findHook, insertHook } from './store.ts';

export interface HookDeps extends OpenDeps {
  readonly database: Database;
  readonly vault: Vault;
  readonly links: Links;
}

/** Of a hook that nobody has tried to make at the provider. */
export const NOT_YET = 'Not registered at the provider yet.';

/** A hook as the interface shows it. Secrets are there once: the first time that somebody asks for them, and when they are rotated. */
export interface Hook {
  readonly id: string;
  readonly url: string;
  readonly secret?: string;
  /** The stronger secret of a provider that has two. */
  readonly signing_token?: string;
  /** What to enter at the provider to make the hook by hand, in its words; with the secrets. */
  readonly settings?: readonly Pick<HookSetting, 'field' | 'value'>[];
  /** The kind of secret that deliveries must carry; null while any that was given out will do. */
  readonly secret_kind: HookRow['secret_kind'];
  readonly status: HookRow['status'];
  /** Why it stands so, in words; null while there is nothing to say. */
  readonly reason: string | null;
  readonly since: string;
  /** When somebody last looked at it at the provider. */
  readonly checked_at: string | null;
  /** What is wrong, part by part. */
  readonly problems: readonly HookProblem[];
  readonly last_delivery_at: string | null;
  /** Changes that only a look at the remote found: since the last delivery, and ever. */
  readonly missed: { readonly count: number; readonly total: number; readonly last_at: string | null };
  /** Deliveries since the last good one that were refused for their signature. */
  readonly refused: { readonly count: number; readonly last_at: string | null };
  /** Until when deliveries signed with the secret before this one are taken. */
  readonly previous_until: string | null;
}

/** `key` where the secrets are to be shown. */
export function toHook(deps: Pick<HookDeps, 'links' | 'findProvider'>, row: HookRow, key?: string): Hook {
  return {
    id: row.id,
    url: deps.links.hook(row.provider, row.id),
    ...(key === undefined ? {} : showSecrets(deps, row, key)),
    secret_kind: row.secret_kind,
    status: row.status,
    reason: row.status_detail,
    since: printTime(row.status_since),
    checked_at: row.checked_at?.toISOString() ?? null,
    problems: readProblems(row.problems),
    last_delivery_at: row.last_delivery_at?.toISOString() ?? null,
    missed: { count: row.missed_count, total: row.missed_total, last_at: row.missed_at?.toISOString() ?? null },
    refused: { count: row.refused_count, last_at: row.refused_at?.toISOString() ?? null },
    previous_until: row.previous_until?.toISOString() ?? null,
  };
}

function showSecrets(
  deps: Pick<HookDeps, 'links' | 'findProvider'>,
  row: HookRow,
  key: string,
): Pick<Hook, 'secret' | 'signing_token' | 'settings'> {
  const reader = readerOf(deps, row.provider);
  const spec = specOf(deps, row, key);
  const signing = spec.secrets.find(({ kind }) => kind === 'signing');
  return {
    secret: spec.secrets[0].secret,
    ...(signing === undefined ? {} : { signing_token: signing.secret }),
    settings: reader.settings(spec).map(({ field, value }) => ({ field, value })),
  };
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
  const sealed = deps.vault.seal(makeKey(), secretPlace({ id, organizationId: repository.organizationId }, 'secret'));
  await deps.database.transaction((tx) =>
    insertHook(tx, {
      id,
      organization_id: repository.organizationId,
      repository_id: repository.id,
      provider: provider.id,
      sealed_secret: sealed,
      status: 'not_configured',
      status_detail: NOT_YET,
    }),
  );
  return findHook(deps.database, repository.id);
}

/** The key, for the first who asks; undefined for everybody after. */
export async function revealOnce(deps: HookDeps, row: HookRow): Promise<string | undefined> {
  const sealed = await claimSecret(deps.database, row.id);
  return sealed === undefined
    ? undefined
    : deps.vault.open(sealed, secretPlace({ id: row.id, organizationId: row.organization_id }, 'secret'));
}
