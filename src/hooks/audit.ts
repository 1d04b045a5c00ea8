import type { Logger } from 'pino';
import { isFailure } from '#domain/failure.ts';
import type { HookFault } from '#domain/hook.ts';
import { describeProblems } from '#domain/hook.ts';
import type { JobPayloads } from '#queue/jobs.ts';
import type { DeliveryApi } from '#providers/contract.ts';
import type { OpenForge } from '#repositories/open.ts';
import type { Examined } from './examine.ts';
import { examine, record } from './examine.ts';
import type { HookDeps } from './hook.ts';
import { mend } from './repair.ts';
import type { HookRow } from './store.ts';
import { findHookById, listKnownKeys, updateHook } from './store.ts';

/** As long as GitHub hands out a failed delivery again (PROVIDERS.md 2.1). */
const REMEMBERED_MS = 3 * 24 * 3_600_000;
const MOST_LISTED = 200;

/** What an audit does not mend: a person has to want it, or nothing that could be told the provider would change it. */
const LEFT_ALONE: readonly HookFault[] = ['duplicate', 'suppressed'];

export interface AuditDeps extends HookDeps {
  readonly log: Pick<Logger, 'info' | 'warn'>;
  readonly now: () => Date;
}

/**
 * Looks after a hook at its provider: whether it is there, switched on and sends what is wanted here, and what it could not deliver.
 * It is mended where the credential may, and what it could not deliver is asked for again; the bytes arrive as any delivery does.
 * What is temporary is thrown for the queue to repeat.
 */
export async function auditHook(deps: AuditDeps, { hookId }: JobPayloads['audit-deliveries'], signal: AbortSignal): Promise<void> {
  const row = await findHookById(deps.database, hookId);
  if (row === undefined) return;
  const examined = await examine(deps, row, signal, 'background');
  if (examined.is === 'failed' && examined.failure.next !== 'never') throw examined.failure;
  const recorded = await record(deps, row, examined);
  if (examined.is !== 'seen') return;
  const remoteId = await mendFound(deps, recorded, examined, signal);
  const { deliveries } = examined.forge.api;
  if (remoteId === undefined || deliveries === undefined) return;
  try {
    await fetchMissed(deps, row, { ...examined.forge, remoteId, deliveries }, signal);
  } catch (error) {
    // A token may see a webhook and not its deliveries, and an old server keeps none. The remote is looked at all the same.
    if (!isFailure(error) || error.next !== 'never') throw error;
    deps.log.info({ hookId, code: error.code }, 'failed deliveries cannot be asked for');
  }
}

/** The hook's id at the provider once it delivers as it should; undefined when it cannot be mended. */
async function mendFound(
  deps: AuditDeps,
  row: HookRow,
  examined: Extract<Examined, { readonly is: 'seen' }>,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { hook, problems, doubles } = examined.inspection;
  if (doubles.length === 0 && problems.every(({ what }) => LEFT_ALONE.includes(what))) return hook?.id;
  const found = { hookId: row.id, repositoryId: row.repository_id, problems: problems.map(({ what }) => what) };
  const failure = await mend(deps, row, examined, { withOrphans: false, signal });
  if (failure === undefined) {
    deps.log.info(found, 'a webhook was mended at its provider');
    return (await findHookById(deps.database, row.id))?.remote_id ?? undefined;
  }
  deps.log.warn({ ...found, code: failure.code }, 'a webhook is wrong at its provider and could not be mended');
  const status_detail = `${describeProblems(problems)} It could not be mended: ${failure.message} ${failure.help}`;
  const status = hook === undefined && row.status === 'not_configured' ? row.status : 'misconfigured';
  await updateHook(deps.database, row.id, { status, status_detail, problems: JSON.stringify(problems) });
  if (failure.next !== 'never') throw failure;
  return undefined;
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
