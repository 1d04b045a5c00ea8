import type { Selectable } from 'kysely';
import { sql } from 'kysely';
import type { Database, Tx } from '#db/database.ts';
import { matches, readFiltered } from '#db/filter.ts';
import type { Schema } from '#db/schema.ts';
import { databaseNow, databaseTimeIn, notify, sinceChange } from '#db/time.ts';
import type { RepositoryEvent } from '#domain/event.ts';
import type { FieldType, Filter } from '#domain/filter.ts';
import type { HookStatus } from '#domain/hook.ts';
import { NOT_DISPROVED } from '#domain/hook.ts';

export const DELIVERIES_CHANNEL = 'tributary_deliveries';

/** Puts deliveries back in front of the router and wakes it. */
export async function routeAgain(database: Database, ids: readonly string[]): Promise<void> {
  await database.kysely
    .with('again', (db) =>
      db
        .updateTable('deliveries')
        .set({ status: 'accepted', routed_at: null, route_after: databaseNow(), attempts: 0 })
        .where('id', 'in', ids)
        .returning('id'),
    )
    .selectFrom('again')
    .select(notify(DELIVERIES_CHANNEL).as('woken'))
    .execute();
}

export type StoredDelivery = Pick<
  Selectable<Schema['deliveries']>,
  'id' | 'organization_id' | 'hook_id' | 'provider' | 'event' | 'headers' | 'body' | 'attempts' | 'traceparent'
>;

/** Takes unrouted deliveries for this transaction, oldest first; others' are skipped, so any number of routers work side by side. */
export async function claimUnrouted(tx: Tx, limit: number): Promise<readonly StoredDelivery[]> {
  return tx.kysely
    .selectFrom('deliveries')
    .select(['id', 'organization_id', 'hook_id', 'provider', 'event', 'headers', 'body', 'attempts', 'traceparent'])
    .where('routed_at', 'is', null)
    .where('route_after', '<=', databaseNow())
    .orderBy('route_after')
    .orderBy('id')
    .limit(limit)
    .forUpdate()
    .skipLocked()
    .execute();
}

export interface RoutedDelivery {
  readonly id: string;
  readonly status: 'routed' | 'ignored' | 'failed';
  readonly detail: string | undefined;
  readonly events: readonly RepositoryEvent[];
  readonly jobResultIds: readonly string[];
}

/** All of a batch in one statement. */
export async function markRouted(tx: Tx, routed: readonly RoutedDelivery[]): Promise<void> {
  const rows = routed.map(({ id, status, detail, events, jobResultIds }) => ({ id, status, detail, events, job_result_ids: jobResultIds }));
  const given = JSON.stringify(rows, (_key, value: unknown) => (typeof value === 'string' ? storable(value) : value));
  await sql`
    update deliveries d
    set status = g.status, detail = g.detail, events = g.events, job_result_ids = g.job_result_ids, routed_at = clock_timestamp()
    from json_to_recordset(${given}::json) as g (id uuid, status text, detail text, events jsonb, job_result_ids uuid[])
    where d.id = g.id`.execute(tx.kysely);
}

/** PostgreSQL keeps neither NUL nor half a surrogate pair, not in jsonb either; a provider may send both, signed. */
function storable(text: string): string {
  return text.replaceAll('\0', '\u{fffd}').toWellFormed();
}

/** Keeps deliveries unrouted but not before a while, or parks them as failed; for a fault of ours, never for their content. */
export async function postpone(
  database: Database,
  ids: readonly string[],
  { afterMs, mostAttempts, reason }: { readonly afterMs: number; readonly mostAttempts: number; readonly reason: string },
): Promise<void> {
  const isLast = sql<boolean>`attempts + 1 >= ${mostAttempts}`;
  await database.kysely
    .updateTable('deliveries')
    .set((eb) => ({
      attempts: eb('attempts', '+', 1),
      route_after: databaseTimeIn(afterMs),
      status: sql<'accepted' | 'failed'>`case when ${isLast} then 'failed' else 'accepted' end`,
      routed_at: sql<Date | null>`case when ${isLast} then clock_timestamp() end`,
      detail: sql<string>`case when ${isLast}
        then 'Routing failed ' || (attempts + 1) || ' times inside the service (' || ${reason} || '), so it is not tried any more. It can be replayed.'
        else 'Routing failed inside the service (' || ${reason} || '); it is tried again.' end`,
    }))
    .where('id', 'in', ids)
    .where('routed_at', 'is', null)
    .execute();
}

export const DELIVERY_FIELDS: Readonly<Record<string, FieldType>> = {
  id: 'uuid',
  status: 'text',
  event: 'text',
  provider: 'text',
  hook_id: 'uuid',
  repository_id: 'uuid',
  delivery_key: 'text',
};

const LISTED = [
  'd.id',
  'd.hook_id',
  'd.provider',
  'd.delivery_key',
  'd.event',
  'd.received_at',
  'd.status',
  'd.detail',
  'd.events',
  'd.job_result_ids',
  'd.attempts',
  'd.routed_at',
] as const;

export interface DeliveryQuery {
  readonly filters: readonly Filter[];
  readonly limit: number;
  readonly offset: number;
}

/** A page of an organization's deliveries, newest first, without their bodies. */
export async function listDeliveries(database: Database, organizationId: string, query: DeliveryQuery) {
  return readFiltered(database, query.filters, async (kysely) => {
    const conditions = query.filters.map((filter) =>
      matches(sql.ref(filter.field === 'repository_id' ? 'h.repository_id' : `d.${filter.field}`), filter),
    );
    const base = () =>
      conditions.reduce(
        (narrowed, condition) => narrowed.where(condition),
        kysely.selectFrom('deliveries as d').innerJoin('hooks as h', 'h.id', 'd.hook_id').where('d.organization_id', '=', organizationId),
      );
    const rows = await base()
      .select(LISTED)
      .select(['h.repository_id', 'h.app_id'])
      .orderBy('d.received_at', 'desc')
      .orderBy('d.id')
      .limit(query.limit)
      .offset(query.offset)
      .execute();
    const { count } = await base()
      .select((eb) => eb.fn.countAll<number>().as('count'))
      .executeTakeFirstOrThrow();
    return { count, rows };
  });
}

/** One delivery with the bytes as they were received. */
export async function findDelivery(database: Database, organizationId: string, id: string) {
  return database.kysely
    .selectFrom('deliveries as d')
    .innerJoin('hooks as h', 'h.id', 'd.hook_id')
    .select([...LISTED, 'h.repository_id', 'h.app_id', 'd.headers', 'd.body', 'd.body_hash'])
    .where('d.organization_id', '=', organizationId)
    .where('d.id', '=', id)
    .executeTakeFirst();
}

export type HookRepository = NonNullable<Awaited<ReturnType<typeof findHookRepository>>>;

/** The repository that a hook belongs to, with what routing needs to know of it. */
export async function findHookRepository(tx: Tx, hookId: string) {
  return tx.kysely
    .selectFrom('hooks')
    .innerJoin('repositories', 'repositories.id', 'hooks.repository_id')
    .select(['repositories.id', 'repositories.ref', 'repositories.remote_id', 'repositories.update_policy', 'repositories.admin_status'])
    .select(
      sql<boolean>`exists (
        select from app_installation_repositories reached
        join app_installations i on i.id = reached.installation_id join apps a on a.id = i.app_id
        where reached.organization_id = repositories.organization_id and reached.remote_id = repositories.remote_id
          and reached.removed_at is null and i.deleted_at is null and i.suspended_at is null and a.url = repositories.provider_url)`.as(
        'told_twice',
      ),
    )
    .where('hooks.id', '=', hookId)
    .executeTakeFirst();
}

/** Notes that deliveries of hooks arrive, and what a ping or a removal says of them. Always in the same order: two routers may do so at once. */
export async function noteHooksSeen(tx: Tx, hooks: ReadonlyMap<string, { readonly removed: boolean }>): Promise<void> {
  for (const [hookId, { removed }] of [...hooks].toSorted(([one], [other]) => (one < other ? -1 : 1))) {
    await tx.kysely
      .updateTable('hooks')
      .set({
        last_delivery_at: databaseNow(),
        ...(removed
          ? {
              status: 'not_configured' as const,
              status_since: sinceChange('status', 'status_since', 'not_configured'),
              status_detail: 'The hook was removed at the provider.',
              problems: '[]',
              remote_id: null,
            }
          : provenByDelivery()),
      })
      .where('id', '=', hookId)
      .execute();
  }
}

/** A delivery that was taken proves address, secret and that the hook is on; not that it sends all that is wanted. */
function provenByDelivery() {
  const left = sql`jsonb_path_query_array(problems, '$[*] ? (@.what == $left[*])', ${JSON.stringify({ left: NOT_DISPROVED })}::jsonb)`;
  const isWell = sql<boolean>`${left} = '[]'::jsonb`;
  return {
    status: sql<HookStatus>`case when ${isWell} then 'active' else status end`,
    status_since: sql<Date>`case when ${isWell} and status <> 'active' then clock_timestamp() else status_since end`,
    status_detail: sql<string | null>`case when ${isWell} then null else status_detail end`,
    problems: sql<string>`${left}`,
    missed_count: 0,
    refused_count: 0,
  };
}
