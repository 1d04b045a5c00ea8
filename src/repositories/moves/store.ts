import type { Tx } from '#db/database.ts';
import { updateRepository } from '#repositories/store.ts';

/** Gives the repository its new address, unless somebody changed it meanwhile, and records that. */
export async function moveRepository(
  tx: Tx,
  id: string,
  move: { readonly fromKey: string; readonly url: string; readonly key: string; readonly reason: string },
): Promise<boolean> {
  const before = await tx.kysely
    .selectFrom('repositories')
    .select(['organization_id', 'remote_url'])
    .where('id', '=', id)
    .where('remote_key', '=', move.fromKey)
    .forUpdate()
    .executeTakeFirst();
  if (before === undefined) return false;
  await updateRepository(tx, id, { remote_url: move.url, remote_key: move.key, not_found_since: null });
  await tx.kysely
    .insertInto('repository_moves')
    .values({
      organization_id: before.organization_id,
      repository_id: id,
      what: 'address',
      was: before.remote_url,
      became: move.url,
      reason: move.reason,
    })
    .execute();
  return true;
}
