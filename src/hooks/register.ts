import { isFailure, toFailure } from '#domain/failure.ts';
import type { Failure } from '#domain/failure.ts';
import type { JobPayloads } from '#queue/jobs.ts';
import type { HookApi, HookSpec, RemoteHook } from '#providers/contract.ts';
import { requireSame } from '#repositories/identity.ts';
import type { OpenForge } from '#repositories/open.ts';
import { openForge, openForgeWith } from '#repositories/open.ts';
import { findRemote } from '#repositories/store.ts';
import { reached } from '#steps/reached.ts';
import type { HookDeps } from './hook.ts';
import { ensureHook } from './hook.ts';
import { makeKey, readerOf, secretPlace, specOf } from './secrets.ts';
import type { HookRow } from './store.ts';
import { findHook, lockHook, noteRemote, replaceSecret, updateHook } from './store.ts';

/**
 * Creates or mends the hook at the provider, where the credential may. What a person must mend is kept on the hook for them to see,
 * with the permission in the provider's words; anything that passes by itself is thrown for the queue to repeat.
 */
export async function registerHook(deps: HookDeps, { repositoryId }: JobPayloads['register-hook'], signal: AbortSignal): Promise<void> {
  const repository = await findRemote(deps.database, repositoryId);
  if (repository === undefined) return;
  const hook = await ensureHook(deps, { id: repository.id, organizationId: repository.organization_id, provider: repository.provider });
  if (hook === undefined) return;
  reached('hook.made');
  const failure = await configure(deps, hook, signal);
  if (failure !== undefined && failure.next !== 'never') throw failure;
}

/** Tries to bring the provider's hook in line with ours and records how that went; the failure, if any, is handed back. */
export async function configure(deps: HookDeps, row: HookRow, signal: AbortSignal): Promise<Failure | undefined> {
  try {
    const forge = await openForge(deps, row.repository_id);
    if (forge?.api.hooks === undefined) {
      await updateHook(deps.database, row.id, {
        status: withoutAccess(row),
        status_detail: `The repository has no token that could create it. Create ${byHand(deps, row)}`,
      });
      return undefined;
    }
    const remote = await forge.api.readRepository(forge.ref, signal);
    requireSame(await findRemote(deps.database, row.repository_id), remote);
    await noteRemote(deps.database, row.repository_id, remote);
    const key = deps.vault.open(row.sealed_secret, secretPlace({ id: row.id, organizationId: row.organization_id }, 'secret'));
    const registered = await bringInLine(forge, forge.api.hooks, row.remote_id, specOf(deps, row, key), signal);
    reached('hook.registered');
    await updateHook(deps.database, row.id, {
      remote_id: registered.id,
      secret_kind: registered.secretKind ?? row.secret_kind,
      previous_secret_kind: row.previous_secret_kind ?? registered.secretKind ?? null,
      status: registered.problem === undefined ? 'active' : 'misconfigured',
      status_detail: registered.problem ?? null,
    });
    reached('hook.recorded');
    return undefined;
  } catch (error) {
    if (signal.aborted && !isFailure(error)) throw error;
    const failure = toFailure(error);
    const status = failure.code === 'REPO_NOT_FOUND' ? 'not_configured' : withoutAccess(row);
    const byOthers = failure.code === 'PERM_MISSING' ? ` Or create ${byHand(deps, row)}` : '';
    await updateHook(deps.database, row.id, { status, status_detail: `${failure.message} ${failure.help}${byOthers}` });
    return failure;
  }
}

/** What to enter is named here; its secrets are shown once, with `settings`. */
function byHand(deps: Pick<HookDeps, 'links' | 'findProvider'>, row: HookRow): string {
  const settings = readerOf(deps, row.provider).settings(specOf(deps, row, ''));
  const fields = settings.map(({ field, value, secret }) => (secret === undefined ? `${field}: ${value}` : field));
  return `it by hand at the provider: ${fields.join('; ')}.`;
}

/** A hook that deliveries came from, or that was registered, may well work though it cannot be looked at now. */
function withoutAccess(row: HookRow): HookRow['status'] {
  return row.last_delivery_at !== null || row.remote_id !== null ? 'unable_to_verify' : 'not_configured';
}

/** The hook that we made is given its address and secret again, also when its address was another; one that is gone is made anew. */
async function bringInLine(
  { ref }: OpenForge,
  hooks: HookApi,
  remoteId: string | null,
  hook: HookSpec,
  signal: AbortSignal,
): Promise<RemoteHook> {
  if (remoteId !== null) {
    try {
      return await hooks.update(ref, remoteId, hook, signal);
    } catch (error) {
      // A provider may hide "no such hook" behind "no permission"; if it is the latter, making one says so again.
      if (!isFailure(error) || !['REPO_NOT_FOUND', 'PERM_MISSING'].includes(error.code)) throw error;
    }
  }
  return hooks.ensure(ref, hook, signal);
}

/** How long deliveries signed with the old secret are still taken: those under way, and a provider that could not be told the new one yet. */
const OVERLAP_MS = 24 * 3_600_000;

/** Gives the hook a new key, valid beside the old one for a day, and tells the provider where the credential may. Undefined: it is gone. */
export async function rotateHook(
  deps: HookDeps,
  hookId: string,
  signal: AbortSignal,
): Promise<{ readonly row: HookRow; readonly key: string } | undefined> {
  const key = makeKey();
  const renewed = await deps.database.transaction(async (tx) => {
    // Locked, so that of two rotations at once the second keeps the key that the first one gave out.
    const row = await lockHook(tx, hookId);
    if (row === undefined) return undefined;
    const place = { id: row.id, organizationId: row.organization_id };
    const previous = deps.vault.open(row.sealed_secret, secretPlace(place, 'secret'));
    await replaceSecret(tx, row.id, {
      sealed: deps.vault.seal(key, secretPlace(place, 'secret')),
      sealedPrevious: deps.vault.seal(previous, secretPlace(place, 'previous_secret')),
      overlapMs: OVERLAP_MS,
    });
    return lockHook(tx, hookId);
  });
  if (renewed === undefined) return undefined;
  await configure(deps, renewed, signal);
  return { row: (await findHook(deps.database, renewed.repository_id)) ?? renewed, key };
}

/** Removes what a deleted repository left at its provider. What cannot be removed is left: the repository is gone either way. */
export async function forgetRepository(deps: HookDeps, payload: JobPayloads['forget-repository'], signal: AbortSignal): Promise<void> {
  if (payload.credentialId === null || payload.remoteHookId === null) return;
  const forge = await openForgeWith(deps, payload.credentialId, payload.remoteUrl);
  await forge?.api.hooks?.remove(forge.ref, payload.remoteHookId, signal);
  reached('forget.hook-removed');
}
