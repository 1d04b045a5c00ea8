import type { HookFault, HookProblem } from '#domain/hook.ts';
import type { Failure } from '#domain/failure.ts';
import { isFailure } from '#domain/failure.ts';
import type { Examined } from './examine.ts';
import { examine, record } from './examine.ts';
import type { HookDeps } from './hook.ts';
import { configure } from './register.ts';
import type { HookRow } from './store.ts';
import { findHookById, forgetMisses } from './store.ts';

/** What was wrong, and what is done about it. */
export interface HookChange extends HookProblem {
  readonly change: string;
}

export interface Repaired {
  readonly row: HookRow;
  readonly changes: readonly HookChange[];
  /** Why it could not be done; undefined where it was, or where nothing was tried. */
  readonly failure: Failure | undefined;
}

const CHANGES: Readonly<Record<HookFault, string>> = {
  absent: 'Create the webhook.',
  url: 'Set its address to the present one.',
  events: 'Have it send pushes and change requests.',
  branches: 'Have it tell of pushes to every branch.',
  'content-type': 'Have it send JSON.',
  tls: 'Have the provider check the certificate of this service.',
  inactive: 'Switch it on.',
  disabled: 'Have the provider send a test, and take it up again if that is answered.',
  secret: 'Tell the provider the present secret.',
  duplicate: 'Remove the others.',
  suppressed: 'Tell the provider everything again, and count from new.',
};

/**
 * Everything about the hook as it is wanted, in one call: looks, says what is wrong, and mends it where the credential may. With `dryRun`
 * it only looks. Runs twice to the same end.
 */
export async function repairHook(
  deps: HookDeps,
  row: HookRow,
  { dryRun, signal }: { readonly dryRun: boolean; readonly signal: AbortSignal },
): Promise<Repaired> {
  const examined = await examine(deps, row, signal);
  const changes = examined.is === 'seen' ? toChanges(examined.inspection.problems) : [];
  if (dryRun || examined.is !== 'seen') {
    const failure = examined.is === 'failed' ? examined.failure : undefined;
    return { row: await record(deps, row, examined), changes, failure };
  }
  await forgetMisses(deps.database, row.id);
  const failure = await mend(deps, { ...row, missed_count: 0 }, examined, { withOrphans: true, signal });
  return { row: (await findHookById(deps.database, row.id)) ?? row, changes, failure };
}

/** Mends what the look showed; `withOrphans`: also removes hooks that deliver here for nobody, which only a person may want. */
export async function mend(
  deps: HookDeps,
  row: HookRow,
  { forge, hooks, inspection }: Extract<Examined, { readonly is: 'seen' }>,
  { withOrphans, signal }: { readonly withOrphans: boolean; readonly signal: AbortSignal },
): Promise<Failure | undefined> {
  try {
    const others = withOrphans ? [...inspection.doubles, ...inspection.orphans] : inspection.doubles;
    for (const id of others) await hooks.remove(forge.ref, id, signal);
  } catch (error) {
    if (!isFailure(error)) throw error;
    return error;
  }
  const stay = !withOrphans && inspection.orphans.length > 0;
  const left = stay ? inspection.problems.filter(({ what }) => what === 'duplicate').slice(-1) : [];
  return configure(deps, row, signal, { remoteId: inspection.hook?.id, left });
}

export function toChanges(problems: readonly HookProblem[]): readonly HookChange[] {
  return problems.map((problem) => ({ ...problem, change: CHANGES[problem.what] }));
}
