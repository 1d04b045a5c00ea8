import type { HookDeps } from './hook.ts';
import { configure } from './register.ts';
import { makeKey, secretPlace } from './secrets.ts';
import type { HookRow } from './store.ts';
import { findHook, lockHook, replaceSecret } from './store.ts';

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
