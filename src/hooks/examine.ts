import type { Urgency } from '#credentials/budget/keep-budget.ts';
import { describeProblems } from '#domain/hook.ts';
import type { Failure } from '#domain/failure.ts';
import { isFailure, toFailure } from '#domain/failure.ts';
import type { HookApi } from '#providers/contract.ts';
import type { OpenForge } from '#repositories/open.ts';
import { openForge } from '#repositories/open.ts';
import type { HookDeps } from './hook.ts';
import type { Inspection } from './inspect.ts';
import { hookIdIn, inspect } from './inspect.ts';
import { readerOf, specOf } from './secrets.ts';
import type { HookRow } from './store.ts';
import { findDeliveringApp } from './apps/store.ts';
import { deliversLately, findHookById, listKnownHooks, noteChecked, updateHook } from './store.ts';

/** What a look at the provider came to: what stands there, or why nobody could look. */
export type Examined =
  | { readonly is: 'seen'; readonly forge: OpenForge; readonly hooks: HookApi; readonly inspection: Inspection }
  /** No credential, or a provider without an API. */
  | { readonly is: 'out-of-reach' }
  | { readonly is: 'failed'; readonly failure: Failure };

/** Looks at the hook at its provider, and changes nothing: one list of hooks. */
export async function examine(deps: HookDeps, row: HookRow, signal: AbortSignal, urgency?: Urgency): Promise<Examined> {
  try {
    const forge = await openForge(deps, row.repository_id, urgency);
    if (forge?.api.hooks === undefined) return { is: 'out-of-reach' };
    const listed = await forge.api.hooks.list(forge.ref, signal);
    const { root } = deps.links;
    const ids = listed.map(({ url }) => hookIdIn(url, root)).filter((id) => id !== undefined);
    const known = new Set(await listKnownHooks(deps.database, ids));
    const here = { url: deps.links.hook(row.provider, row.id), root, known };
    return { is: 'seen', forge, hooks: forge.api.hooks, inspection: inspect(listed, row, here) };
  } catch (error) {
    if (signal.aborted && !isFailure(error)) throw error;
    return { is: 'failed', failure: toFailure(error) };
  }
}

/** Keeps what a look came to; the row as it is then. */
export async function record(deps: HookDeps, row: HookRow, examined: Examined): Promise<HookRow> {
  if (examined.is === 'seen') await recordSeen(deps, row, examined.inspection);
  else await recordUnseen(deps, row, examined.is === 'failed' ? examined.failure : undefined);
  return (await findHookById(deps.database, row.id)) ?? row;
}

async function recordSeen({ database }: HookDeps, row: HookRow, { hook, problems }: Inspection): Promise<void> {
  const isNew = row.remote_id === null && row.last_delivery_at === null;
  const status = problems.length === 0 ? 'active' : hook === undefined && isNew ? 'not_configured' : 'misconfigured';
  const status_detail = problems.length === 0 ? null : describeProblems(problems);
  const isSame = row.status === status && row.status_detail === status_detail && row.remote_id === (hook?.id ?? null);
  if (isSame) return noteChecked(database, row.id);
  await updateHook(database, row.id, {
    status,
    status_detail,
    problems: JSON.stringify(problems),
    remote_id: hook?.id ?? null,
    checked: true,
  });
}

/** Why it is not known how the hook stands. One whose deliveries arrive works, though nobody may look at it. */
export async function recordUnseen(deps: HookDeps, row: HookRow, failure: Failure | undefined): Promise<void> {
  const app = await findDeliveringApp(deps.database, row.repository_id);
  if (app !== undefined) {
    const status_detail = `No webhook of its own is needed: deliveries come through the GitHub App "${app}".`;
    return updateHook(deps.database, row.id, { status: 'active', status_detail, problems: '[]' });
  }
  const works = await deliversLately(deps.database, row.id);
  const isGone = failure?.code === 'REPO_NOT_FOUND';
  const status = works && !isGone ? 'active' : isGone ? 'not_configured' : withoutAccess(row);
  const status_detail = `${works ? 'Deliveries arrive, but the webhook cannot be looked at. ' : ''}${whyUnseen(deps, row, failure)}`;
  await updateHook(deps.database, row.id, { status, status_detail, problems: '[]' });
}

function whyUnseen(deps: HookDeps, row: HookRow, failure: Failure | undefined): string {
  if (failure === undefined) return `The repository has no token that could create it. Create ${byHand(deps, row)}`;
  const byOthers = failure.code === 'PERM_MISSING' ? ` Or create ${byHand(deps, row)}` : '';
  return `${failure.message} ${failure.help}${byOthers}`;
}

/** What to enter is named here; its secrets are shown once, with `settings`. */
function byHand(deps: Pick<HookDeps, 'links' | 'findProvider'>, row: HookRow): string {
  const settings = readerOf(deps, row.provider).settings(specOf(deps, row, ''));
  const fields = settings.map(({ field, value, secret }) => (secret === undefined ? `${field}: ${value}` : field));
  return `it by hand at the provider: ${fields.join('; ')}. Until deliveries arrive the remote is polled.`;
}

/** A hook that deliveries came from, or that was registered, may well work though it cannot be looked at now. */
function withoutAccess(row: HookRow): HookRow['status'] {
  return row.last_delivery_at !== null || row.remote_id !== null ? 'unable_to_verify' : 'not_configured';
}
