import type { Database } from '#db/database.ts';
import { databaseNow, databaseTimeIn } from '#db/time.ts';

/** A worker that was not seen for this long has ended. It shows itself far more often. */
const GONE_AFTER_MS = 10_000;
const FORGOTTEN_AFTER_MS = 24 * 3_600_000;

/** Says that a worker is alive. */
export async function showWorker(database: Database, name: string): Promise<void> {
  await database.kysely
    .insertInto('workers')
    .values({ name, seen_at: databaseNow() })
    .onConflict((conflict) => conflict.column('name').doUpdateSet({ seen_at: databaseNow() }))
    .execute();
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
