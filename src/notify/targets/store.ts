import type { Insertable, Updateable } from 'kysely';
import { sql } from 'kysely';
import type { Database, Tx } from '#db/database.ts';
import { matches, readFiltered } from '#db/filter.ts';
import type { Schema } from '#db/schema.ts';
import { databaseNow } from '#db/time.ts';
import type { FieldType } from '#domain/filter.ts';
import type { PageQuery, TargetRow } from '#notify/store.ts';

export const TARGET_FIELDS: Readonly<Record<string, FieldType>> = { id: 'uuid', name: 'text', kind: 'text', enabled: 'boolean' };

export async function listTargets(database: Database, organizationId: string, query: PageQuery) {
  return readFiltered(database, query.filters, async (kysely) => {
    const conditions = query.filters.map((filter) => matches(sql.ref(`notification_targets.${filter.field}`), filter));
    const base = () =>
      conditions.reduce(
        (narrowed, condition) => narrowed.where(condition),
        kysely.selectFrom('notification_targets').where('organization_id', '=', organizationId),
      );
    const rows = await base().selectAll().orderBy('name').limit(query.limit).offset(query.offset).execute();
    const { count } = await base()
      .select((eb) => eb.fn.countAll<number>().as('count'))
      .executeTakeFirstOrThrow();
    return { count, rows };
  });
}

export async function findTarget({ kysely }: Pick<Database, 'kysely'>, organizationId: string, id: string): Promise<TargetRow | undefined> {
  return kysely
    .selectFrom('notification_targets')
    .selectAll()
    .where('organization_id', '=', organizationId)
    .where('id', '=', id)
    .executeTakeFirst();
}

/** True when another target of the organization has the name. */
export async function isTargetNameTaken(tx: Tx, organizationId: string, name: string, exceptId: string): Promise<boolean> {
  const row = await tx.kysely
    .selectFrom('notification_targets')
    .select('id')
    .where('organization_id', '=', organizationId)
    .where('name', '=', name)
    .where('id', '!=', exceptId)
    .executeTakeFirst();
  return row !== undefined;
}

export async function insertTarget(tx: Tx, row: Insertable<Schema['notification_targets']>): Promise<void> {
  await tx.kysely.insertInto('notification_targets').values(row).execute();
}

export async function updateTarget(tx: Tx, id: string, change: Updateable<Schema['notification_targets']>): Promise<void> {
  await tx.kysely
    .updateTable('notification_targets')
    .set({ ...change, updated_at: databaseNow() })
    .where('id', '=', id)
    .execute();
}

/** With what was sent to it, and what still waits. */
export async function deleteTarget(tx: Tx, organizationId: string, id: string): Promise<boolean> {
  const { numDeletedRows } = await tx.kysely
    .deleteFrom('notification_targets')
    .where('organization_id', '=', organizationId)
    .where('id', '=', id)
    .executeTakeFirst();
  return numDeletedRows > 0n;
}

/** Makes those who change the targets of an organization wait for each other. */
export async function lockTargets(tx: Tx, organizationId: string): Promise<void> {
  await tx.kysely.selectFrom('organizations').select('id').where('id', '=', organizationId).forNoKeyUpdate().execute();
}
