import type { Database } from '#db/database.ts';
import { databaseNow, databaseTimeIn } from '#db/time.ts';

/** A worker that was not seen for this long has ended. It shows itself far more often. */
const GONE_AFTER_MS = 10_000;
const FORGOTTEN_AFTER_MS = 24 * 3_600_000;

/** Says that a worker is alive. */
export async function showWorker(
  database: Database,
  { name, version }: { readonly name: string; readonly version: string },
): Promise<void> {
  await database.kysely
    .insertInto('workers')
    .values({ name, version, seen_at: databaseNow() })
    .onConflict((conflict) => conflict.column('name').doUpdateSet({ version, seen_at: databaseNow() }))
    .execute();
}

export interface WorkerState {
  readonly name: string;
  readonly version: string;
  readonly started_at: Date;
  readonly seen_at: Date;
  /** It showed itself lately. */
  readonly alive: boolean;
}

/** Workers that showed themselves within a day and did not end in order, by name. */
export async function listWorkers(database: Database): Promise<readonly WorkerState[]> {
  return database.kysely
    .selectFrom('workers')
    .select(['name', 'version', 'started_at', 'seen_at'])
    .select((eb) => eb('seen_at', '>', databaseTimeIn(-GONE_AFTER_MS)).as('alive'))
    .where('seen_at', '>', databaseTimeIn(-FORGOTTEN_AFTER_MS))
    .orderBy('name')
    .execute()
    .then((rows) => rows.map((row) => ({ ...row, alive: Boolean(row.alive) })));
}

/** A worker that ends in order is not waited for. */
export async function removeWorker(database: Database, name: string): Promise<void> {
  await database.kysely
    .deleteFrom('workers')
    .where((eb) => eb.or([eb('name', '=', name), eb('seen_at', '<', databaseTimeIn(-FORGOTTEN_AFTER_MS))]))
    .execute();
}

/** Whether any process takes jobs now. */
export async function hasWorkers(database: Database): Promise<boolean> {
  const row = await database.kysely
    .selectFrom('workers')
    .select('name')
    .where('seen_at', '>', databaseTimeIn(-GONE_AFTER_MS))
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
}
