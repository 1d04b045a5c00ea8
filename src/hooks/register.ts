import { describeProblems } from '#domain/hook.ts';
import type { HookProblem } from '#domain/hook.ts';
import { isFailure, toFailure } from '#domain/failure.ts';
import type { Failure } from '#domain/failure.ts';
import type { JobPayloads } from '#queue/jobs.ts';
import type { HookApi, HookSpec, RemoteHook } from '#providers/contract.ts';
import { requireSame } from '#repositories/identity.ts';
import type { OpenForge } from '#repositories/open.ts';
import { openForge, openForgeWith } from '#repositories/open.ts';
import { findRemote } from '#repositories/store.ts';
import { reached } from '#steps/reached.ts';
import { recordUnseen } from './examine.ts';
import type { HookDeps } from './hook.ts';
import { ensureHook } from './hook.ts';
import { judge } from './inspect.ts';
import { secretPlace, specOf } from './secrets.ts';
import type { HookRow } from './store.ts';
import { noteRemote, updateHook } from './store.ts';

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

/** What a look at the provider showed before. */
export interface Seen {
  /** The hook that is to be brought in line; undefined: the one that we made, if any. */
  readonly remoteId?: string | undefined;
  /** What is wrong beside the hook, and stays so. */
  readonly left?: readonly HookProblem[];
}

/** Tries to bring the provider's hook in line with ours and records how that went; the failure, if any, is handed back. */
export async function configure(deps: HookDeps, row: HookRow, signal: AbortSignal, seen: Seen = {}): Promise<Failure | undefined> {
  try {
    const forge = await openForge(deps, row.repository_id);
    if (forge?.api.hooks === undefined) {
      await recordUnseen(deps, row, undefined);
      return undefined;
    }
    const remote = await forge.api.readRepository(forge.ref, signal);
    requireSame(await findRemote(deps.database, row.repository_id), remote);
    await noteRemote(deps.database, row.repository_id, remote);
    const key = deps.vault.open(row.sealed_secret, secretPlace({ id: row.id, organizationId: row.organization_id }, 'secret'));
    const spec = specOf(deps, row, key);
    const registered = await bringInLine(forge, forge.api.hooks, seen.remoteId ?? row.remote_id, spec, signal);
    reached('hook.registered');
    await recordRegistered(deps, row, registered, spec.url, seen.left ?? []);
    reached('hook.recorded');
    return undefined;
  } catch (error) {
    if (signal.aborted && !isFailure(error)) throw error;
    const failure = toFailure(error);
    await recordUnseen(deps, row, failure);
    return failure;
  }
}

async function recordRegistered(
  { database }: HookDeps,
  row: HookRow,
  registered: RemoteHook,
  url: string,
  left: readonly HookProblem[],
): Promise<void> {
  const secretKind = registered.secretKind ?? row.secret_kind;
  const told = { ...row, secret_kind: secretKind, secret_told: true, refused_count: 0 };
  const problems = [...judge(registered, told, url), ...left];
  await updateHook(database, row.id, {
    remote_id: registered.id,
    secret_kind: secretKind,
    previous_secret_kind: row.previous_secret_kind ?? registered.secretKind ?? null,
    status: problems.length === 0 ? 'active' : 'misconfigured',
    status_detail: problems.length === 0 ? null : describeProblems(problems),
    problems: JSON.stringify(problems),
    told_url: url,
    refused_count: 0,
    checked: true,
    toldSecret: row.sealed_secret,
  });
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

/** Removes what a deleted repository left at its provider. What cannot be removed is left: the repository is gone either way. */
export async function forgetRepository(deps: HookDeps, payload: JobPayloads['forget-repository'], signal: AbortSignal): Promise<void> {
  if (payload.credentialId === null || payload.remoteHookId === null) return;
  const forge = await openForgeWith(deps, payload.credentialId, payload.remoteUrl);
  await forge?.api.hooks?.remove(forge.ref, payload.remoteHookId, signal);
  reached('forget.hook-removed');
}
