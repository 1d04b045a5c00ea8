import { sql } from 'kysely';
import type { Database, Tx } from '#db/database.ts';
import type { HookRow } from '#hooks/store.ts';
import { updateHook } from '#hooks/store.ts';

/** How far a repair of many hooks has come. */
export interface RepairProgress {
  readonly total: number;
  readonly waiting: number;
  readonly repaired: number;
  readonly unchanged: number;
  readonly failed: number;
}

/** Puts the hooks of these repositories into one repair; how many there are. One that waits in another repair leaves it. */
export async function planRepair(tx: Tx, organizationId: string, batchId: string, repositoryIds: readonly string[]): Promise<number> {
  if (repositoryIds.length === 0) return 0;
  // In the order in which routers take them, so that nobody waits in a circle.
  const taken = await tx.kysely
    .selectFrom('hooks')
    .select('id')
    .where('organization_id', '=', organizationId)
    .where('repository_id', 'in', repositoryIds)
    .orderBy('id')
    .forUpdate()
    .execute();
  if (taken.length === 0) return 0;
  await tx.kysely
    .updateTable('hooks')
    .set({ repair_batch: batchId, repair_outcome: null })
    .where(
      'id',
      'in',
      taken.map(({ id }) => id),
    )
    .execute();
  return taken.length;
}

/** A hook of the repair that waits; undefined when none does. */
export async function findWaiting({ kysely }: Database, batchId: string): Promise<string | undefined> {
  const row = await kysely
    .selectFrom('hooks')
    .select('id')
    .where('repair_batch', '=', batchId)
    .where('repair_outcome', 'is', null)
    .orderBy('id')
    .limit(1)
    .executeTakeFirst();
  return row?.id;
}

/** What came of one, unless it is in another repair meanwhile. */
export async function noteOutcome(database: Database, row: Pick<HookRow, 'id' | 'repair_batch'>, outcome: HookRow['repair_outcome']) {
  const { rows } = await sql`select from hooks where id = ${row.id} and repair_batch is not distinct from ${row.repair_batch}`.execute(
    database.kysely,
  );
  if (rows.length > 0) await updateHook(database, row.id, { repair_outcome: outcome });
}

/** undefined: the organization has no such repair, or its hooks are in later ones by now. */
export async function readProgress({ kysely }: Database, organizationId: string, batchId: string): Promise<RepairProgress | undefined> {
  const { rows } = await sql<RepairProgress>`
    select count(*)::int as total, (count(*) filter (where repair_outcome is null))::int as waiting,
      (count(*) filter (where repair_outcome = 'repaired'))::int as repaired,
      (count(*) filter (where repair_outcome = 'unchanged'))::int as unchanged,
      (count(*) filter (where repair_outcome = 'failed'))::int as failed
    from hooks where organization_id = ${organizationId} and repair_batch = ${batchId}`.execute(kysely);
  const [progress] = rows;
  return progress === undefined || progress.total === 0 ? undefined : progress;
}
