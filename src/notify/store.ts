import type { Selectable } from 'kysely';
import { sql } from 'kysely';
import { v7 as newId } from 'uuid';
import type { Database, Tx } from '#db/database.ts';
import { matches, readFiltered } from '#db/filter.ts';
import type { Schema } from '#db/schema.ts';
import { databaseNow, databaseTimeIn } from '#db/time.ts';
import type { FieldType, Filter } from '#domain/filter.ts';
import type { NotificationEvent } from './events.ts';

export type TargetRow = Selectable<Schema['notification_targets']>;
export type NotificationRow = Selectable<Schema['notifications']>;

/** Targets that want to hear of an event, and a row of the outbox for each that has none of this occasion yet; their ids. */
export async function insertNotifications(
  { kysely }: Tx,
  note: {
    readonly organizationId: string;
    readonly event: NotificationEvent;
    readonly occasion: string;
    readonly credentialId: string | null;
    readonly payload: string;
    /** Only to this one, wanted or not. */
    readonly targetId?: string | undefined;
  },
): Promise<readonly string[]> {
  let query = kysely.selectFrom('notification_targets').select('id').where('organization_id', '=', note.organizationId);
  if (note.targetId !== undefined) query = query.where('id', '=', note.targetId);
  else query = query.where('enabled', '=', true).where(sql<boolean>`(events is null or ${note.event} = any(events))`);
  const targets = await query.orderBy('id').execute();
  if (targets.length === 0) return [];
  const rows = targets.map(({ id }) => ({
    id: newId(),
    organization_id: note.organizationId,
    target_id: id,
    credential_id: note.credentialId,
    event: note.event,
    occasion: note.occasion,
    payload: note.payload,
  }));
  const added = await kysely
    .insertInto('notifications')
    .values(rows)
    .onConflict((conflict) => conflict.columns(['target_id', 'occasion']).doNothing())
    .returning('id')
    .execute();
  return added.map(({ id }) => id);
}

export interface Claimed {
  readonly notification: NotificationRow;
  readonly target: TargetRow;
  /** Tells this claim from any later one. */
  readonly claim: string;
}

/** One that is not delivered yet, for this sender alone; 'busy' while another has it, undefined when there is nothing to send. */
export async function claimNotification(database: Database, id: string, forMs: number): Promise<Claimed | 'busy' | undefined> {
  const row = await database.kysely
    .updateTable('notifications')
    .set((eb) => ({ sending_until: databaseTimeIn(forMs), attempts: eb('attempts', '+', 1) }))
    .where('id', '=', id)
    .where('status', '=', 'pending')
    .where((eb) => eb.or([eb('sending_until', 'is', null), eb('sending_until', '<', databaseNow())]))
    .returningAll()
    .returning(sql<string>`sending_until::text`.as('claim'))
    .executeTakeFirst();
  if (row === undefined) {
    const left = await database.kysely
      .selectFrom('notifications')
      .select('id')
      .where('id', '=', id)
      .where('status', '=', 'pending')
      .executeTakeFirst();
    return left === undefined ? undefined : 'busy';
  }
  const target = await database.kysely.selectFrom('notification_targets').selectAll().where('id', '=', row.target_id).executeTakeFirst();
  return target === undefined ? undefined : { notification: row, target, claim: row.claim };
}

export interface Sent {
  readonly status: NotificationRow['status'];
  /** In words without a secret. */
  readonly detail: string;
}

/** What came of an attempt, at the notification and at its target, unless another sender took over meanwhile. */
export async function recordSent(tx: Tx, { notification, target, claim }: Claimed, { status, detail }: Sent): Promise<void> {
  const { numUpdatedRows } = await tx.kysely
    .updateTable('notifications')
    .set({ status, detail, sending_until: null, ...(status === 'delivered' ? { delivered_at: databaseNow() } : {}) })
    .where('id', '=', notification.id)
    .where(sql<boolean>`sending_until = ${claim}::timestamptz`)
    .executeTakeFirst();
  if (numUpdatedRows === 0n) return;
  await tx.kysely
    .updateTable('notification_targets')
    .set((eb) =>
      status === 'delivered'
        ? { failures: 0, failing_since: null, last_error: null, last_success_at: databaseNow() }
        : {
            failures: status === 'failed' ? eb('failures', '+', 1) : eb.ref('failures'),
            failing_since: sql<Date>`coalesce(failing_since, clock_timestamp())`,
            last_error: detail,
          },
    )
    .where('id', '=', target.id)
    .execute();
}

export const NOTIFICATION_FIELDS: Readonly<Record<string, FieldType>> = {
  id: 'uuid',
  target_id: 'uuid',
  credential_id: 'uuid',
  event: 'text',
  status: 'text',
};

export interface PageQuery {
  readonly filters: readonly Filter[];
  readonly limit: number;
  readonly offset: number;
}

/** A page of an organization's delivery log, newest first. */
export async function listNotifications(database: Database, organizationId: string, query: PageQuery) {
  return readFiltered(database, query.filters, async (kysely) => {
    const conditions = query.filters.map((filter) => matches(sql.ref(`n.${filter.field}`), filter));
    const base = () =>
      conditions.reduce(
        (narrowed, condition) => narrowed.where(condition),
        kysely
          .selectFrom('notifications as n')
          .innerJoin('notification_targets as t', 't.id', 'n.target_id')
          .where('n.organization_id', '=', organizationId),
      );
    const rows = await base()
      .selectAll('n')
      .select('t.name as target_name')
      .orderBy('n.created_at', 'desc')
      .orderBy('n.id')
      .limit(query.limit)
      .offset(query.offset)
      .execute();
    const { count } = await base()
      .select((eb) => eb.fn.countAll<number>().as('count'))
      .executeTakeFirstOrThrow();
    return { count, rows };
  });
}

/** Puts a notification that could not be delivered back into the outbox; false where it is not one. */
export async function reopenNotification(tx: Tx, organizationId: string, id: string): Promise<boolean> {
  const { numUpdatedRows } = await tx.kysely
    .updateTable('notifications')
    .set({ status: 'pending', attempts: 0, sending_until: null })
    .where('id', '=', id)
    .where('organization_id', '=', organizationId)
    .where('status', '=', 'failed')
    .executeTakeFirst();
  return numUpdatedRows > 0n;
}
