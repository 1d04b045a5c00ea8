import { isFailure } from '#domain/failure.ts';
import type { JobPayloads } from '#queue/jobs.ts';
import type { DeliveryApi, HookApi, RemoteHook } from '#providers/contract.ts';
import type { OpenForge } from '#repositories/open.ts';
import { openForge } from '#repositories/open.ts';
import type { HookDeps } from './hook.ts';
import { configure } from './register.ts';
import type { HookRow } from './store.ts';
import { findHookById, listKnownKeys, updateHook } from './store.ts';

/** As long as GitHub hands out a failed delivery again (PROVIDERS.md 2.1). */
const REMEMBERED_MS = 3 * 24 * 3_600_000;
const MOST_LISTED = 200;

/**
 * Looks after a hook at its provider: whether it is there, switched on and sends what is wanted here, and what it could not deliver.
 * It is mended where the credential may, and what it could not deliver is asked for again; the bytes arrive as any delivery does.
 * What is temporary is thrown for the queue to repeat.
 */
export async function auditHook(
  deps: HookDeps & { readonly now: () => Date },
  { hookId }: JobPayloads['audit-deliveries'],
  signal: AbortSignal,
): Promise<void> {
  const row = await findHookById(deps.database, hookId);
  if (row === undefined) return;
  const forge = await openForge(deps, row.repository_id);
  if (forge?.api.hooks === undefined) return;
  const remoteId = await mend(deps, row, forge, forge.api.hooks, signal);
  if (remoteId === undefined || forge.api.deliveries === undefined) return;
  await fetchMissed(deps, row, { ...forge, remoteId, deliveries: forge.api.deliveries }, signal);
}

/** The hook's id at the provider once it is as it should be; undefined when it cannot be looked at or mended. */
async function mend(deps: HookDeps, row: HookRow, forge: OpenForge, hooks: HookApi, signal: AbortSignal): Promise<string | undefined> {
  const url = deps.links.hook(row.provider, row.id);
  let found: RemoteHook | undefined;
  try {
    const listed = await hooks.list(forge.ref, signal);
    found = listed.find(({ id }) => id === row.remote_id) ?? listed.find((candidate) => candidate.url === url);
  } catch (error) {
    // A token that may not look at hooks says nothing of the hook: what is known of it stays.
    if (isFailure(error) && error.next === 'never') return undefined;
    throw error;
  }
  const problem = describeProblem(found, row, url);
  if (problem === undefined) {
    if (row.status !== 'active' || row.remote_id !== found?.id)
      await updateHook(deps.database, row.id, { status: 'active', status_detail: null, remote_id: found?.id ?? null });
    return found?.id;
  }
  await updateHook(deps.database, row.id, { status: 'misconfigured', status_detail: problem });
  const failure = await configure(deps, row, signal);
  if (failure === undefined) return (await findHookById(deps.database, row.id))?.remote_id ?? undefined;
  const status_detail = `${problem} It could not be mended: ${failure.message} ${failure.help}`;
  await updateHook(deps.database, row.id, { status: 'misconfigured', status_detail });
  if (failure.next !== 'never') throw failure;
  return undefined;
}

function describeProblem(found: RemoteHook | undefined, { secret_kind }: HookRow, url: string): string | undefined {
  if (found === undefined) return 'The webhook is no longer at the provider.';
  if (found.url !== url) return `The webhook at the provider has another address than this service: ${found.url.slice(0, 200)}.`;
  // Deliveries without it are refused. Of a token in plain text old servers do not say whether they have it.
  if (secret_kind !== null && secret_kind !== 'token' && found.secretKind !== secret_kind)
    return 'The webhook at the provider has lost the secret that its deliveries are checked with.';
  return found.problem ?? (found.active ? undefined : 'The webhook is switched off at the provider.');
}

type Missed = OpenForge & { readonly remoteId: string; readonly deliveries: DeliveryApi };

/** The newest first, and only a few at a time: one is enough to find out what the remote says now. */
async function fetchMissed(
  { database, now }: Pick<HookDeps, 'database'> & { readonly now: () => Date },
  row: HookRow,
  { ref, remoteId, deliveries }: Missed,
  signal: AbortSignal,
): Promise<void> {
  const since = new Date(now().getTime() - REMEMBERED_MS);
  const failed = await deliveries.listFailed(ref, remoteId, { since, most: MOST_LISTED }, signal);
  const known = await listKnownKeys(
    database,
    row.id,
    failed.map(({ key }) => key).filter((key) => key !== undefined),
  );
  const seen = new Set(known);
  const missed = failed.filter(({ key }) => {
    if (key === undefined) return true;
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
  for (const { id } of missed.slice(0, deliveries.mostAtOnce)) await deliveries.redeliver(ref, remoteId, id, signal);
}
