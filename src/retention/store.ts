import { sql } from 'kysely';
import type { Database, Tx } from '#db/database.ts';
import { databaseNow, databaseTimeIn } from '#db/time.ts';

/** Rows of one statement: short enough that nobody waits for it, and on the embedded database nothing else runs meanwhile. */
export const BATCH = 500;
const LOG_BATCH = 5_000;
const DAY_MS = 86_400_000;
/** Ids hold the time of the process that made them; what they say is only trusted to within a day. */
const ID_SLACK_MS = DAY_MS;

export interface Page {
  readonly removed: number;
  /** Where the next page begins; undefined after the last. */
  readonly next: string | undefined;
}

/** From the first id on. */
export const FIRST_ID = '00000000-0000-0000-0000-000000000000';

/** Takes a kind of upkeep for this process, unless it was begun within `everyMs`, by whomever. */
export async function claimUpkeep(database: Database, name: string, worker: string, everyMs: number): Promise<boolean> {
  const { numInsertedOrUpdatedRows = 0n } = await database.kysely
    .insertInto('upkeep')
    .values({ name, worker, started_at: databaseNow() })
    .onConflict((conflict) =>
      conflict.column('name').doUpdateSet({ worker, started_at: databaseNow() }).where('upkeep.started_at', '<', databaseTimeIn(-everyMs)),
    )
    .executeTakeFirst();
  return numInsertedOrUpdatedRows > 0n;
}

export async function endUpkeep(database: Database, name: string, counts: Readonly<Record<string, number>>): Promise<void> {
  await database.kysely
    .updateTable('upkeep')
    .set({ ended_at: databaseNow(), counts: JSON.stringify(counts) })
    .where('name', '=', name)
    .execute();
}

/** Deliveries that were routed, and whose runs are over. By id, which grows with time, so a page costs what it holds. */
export async function removeDeliveries(database: Database, after: string, days: number): Promise<Page> {
  const { rows } = await sql<{ id: string; gone: boolean }>`
    with page as (
      select id, received_at, routed_at, job_result_ids from deliveries
      where id > ${after} and id < ${idBefore(days)} order by id limit ${BATCH}
    ), gone as (
      delete from deliveries d using page p
      where d.id = p.id and p.routed_at is not null and p.received_at < ${databaseTimeIn(-days * DAY_MS)}
        and not exists (select from job_results j where j.id = any(p.job_result_ids) and j.status in ('PENDING', 'STARTED'))
      returning d.id
    )
    select page.id, gone.id is not null as gone from page left join gone on gone.id = page.id order by page.id`.execute(database.kysely);
  return toPage(rows);
}

/** Runs that ended, with their logs; the newest of each repository stays. */
export async function removeRuns(database: Database, after: string, days: number): Promise<Page> {
  const { rows } = await sql<{ id: string; gone: boolean }>`
    with page as (
      select id, repository_id, status, date_done from job_results where id > ${after} and id < ${idBefore(days)} order by id limit ${BATCH}
    )
    select id, (status not in ('PENDING', 'STARTED') and date_done < ${databaseTimeIn(-days * DAY_MS)}
      and (repository_id is null or id <> (
        select newest.id from job_results newest
        where newest.repository_id = page.repository_id and newest.status not in ('PENDING', 'STARTED')
        order by newest.date_created desc limit 1))) as gone
    from page order by id`.execute(database.kysely);
  const ids = rows.filter(({ gone }) => gone).map(({ id }) => id);
  if (ids.length > 0) {
    await removeLogs(database, ids);
    await database.kysely.deleteFrom('job_results').where('id', 'in', ids).execute();
  }
  return toPage(rows);
}

/** Apart from their runs, and first: the logs of one may be ten thousand lines. */
async function removeLogs(database: Database, jobResultIds: readonly string[]): Promise<void> {
  for (let removed = LOG_BATCH; removed === LOG_BATCH;) {
    const { numAffectedRows = 0n } = await sql`
      delete from job_log_entries where id in (
        select id from job_log_entries where job_result_id = any(${jobResultIds}::uuid[]) limit ${LOG_BATCH})`.execute(database.kysely);
    removed = Number(numAffectedRows);
  }
}

/** Statuses that were posted, of commits that are neither served nor last looked at. */
export async function removeReports(database: Database, after: string, days: number): Promise<Page> {
  const { rows } = await sql<{ id: string; gone: boolean }>`
    with page as (
      select id, repository_id, commit_id, version, sent_version, updated_at from reports
      where id > ${after} and id < ${idBefore(days)} order by id limit ${BATCH}
    ), gone as (
      delete from reports r using page p
      where r.id = p.id and r.version = r.sent_version and r.updated_at < ${databaseTimeIn(-days * DAY_MS)}
        and not exists (select from lines l where l.repository_id = p.repository_id and p.commit_id in (l.commit_id, l.good_commit_id))
      returning r.id
    )
    select page.id, gone.id is not null as gone from page left join gone on gone.id = page.id order by page.id`.execute(database.kysely);
  return toPage(rows);
}

/** Notifications that were delivered or given up. */
export async function removeNotifications(database: Database, after: string, days: number): Promise<Page> {
  const { rows } = await sql<{ id: string; gone: boolean }>`
    with page as (
      select id from notifications where id > ${after} and id < ${idBefore(days)} order by id limit ${BATCH}
    ), gone as (
      delete from notifications n using page p
      where n.id = p.id and n.status <> 'pending' and n.created_at < ${databaseTimeIn(-days * DAY_MS)} returning n.id
    )
    select page.id, gone.id is not null as gone from page left join gone on gone.id = page.id order by page.id`.execute(database.kysely);
  return toPage(rows);
}

/** Parsed files that no run used. One that is used this moment was moved by that and stays. */
export async function removeParsedFiles(database: Database, days: number): Promise<number> {
  const { numAffectedRows = 0n } = await sql`
    delete from parsed_files where ctid = any(array(
      select ctid from parsed_files where used_at < ${databaseTimeIn(-days * DAY_MS)} order by used_at limit ${BATCH}))`.execute(
    database.kysely,
  );
  return Number(numAffectedRows);
}

export async function listLines(
  database: Database,
  afterId: number,
): Promise<readonly { readonly id: number; readonly repository_id: string }[]> {
  return database.kysely.selectFrom('lines').select(['id', 'repository_id']).where('id', '>', afterId).orderBy('id').limit(BATCH).execute();
}

/**
 * Versions of a line that an import of before the time replaced, a batch of them; then objects that have no version left. undefined when
 * the repository is being synced: the run and this must not meet. What a branch sees that was made from this one is kept.
 */
export async function removeVersions(
  tx: Tx,
  line: { readonly id: number; readonly repository_id: string },
  days: number,
): Promise<number | undefined> {
  const free = await tx.kysely
    .selectFrom('repositories')
    .select('id')
    .where('id', '=', line.repository_id)
    .where('running_until', 'is', null)
    .forUpdate()
    .skipLocked()
    .executeTakeFirst();
  if (free === undefined) return undefined;
  const { rows } = await sql<{ object_id: string }>`
    delete from object_versions where id = any(array(
      select v.id from object_versions v
      where v.line_id = ${line.id} and v.to_import is not null and v.to_import <= (
        select i.id from imports i
        where i.line_id = ${line.id} and i.created_at < ${databaseTimeIn(-days * DAY_MS)}
          and i.sequence <= coalesce((
            select min(child.forked_at) from branches child join lines l on l.branch_id = child.parent_id where l.id = ${line.id}
          ), i.sequence)
        order by i.id desc limit 1)
      limit ${BATCH}))
    returning object_id`.execute(tx.kysely);
  const objectIds = [...new Set(rows.map((row) => row.object_id))];
  if (objectIds.length > 0) {
    await sql`
      delete from objects o where o.id = any(${objectIds}::uuid[])
        and not exists (select from object_versions v where v.object_id = o.id)`.execute(tx.kysely);
  }
  return rows.length;
}

/** Repositories that were registered for a dry run whose process is gone. */
export async function removeTemporary(database: Database, olderThanMs: number): Promise<number> {
  const { numDeletedRows } = await database.kysely
    .deleteFrom('repositories')
    .where('temporary', '=', true)
    .where('wanted', '=', 0)
    .where('created_at', '<', databaseTimeIn(-olderThanMs))
    .executeTakeFirst();
  return Number(numDeletedRows);
}

/** Dry runs that no process can still be at: whoever watches one must not wait for ever. */
export async function endLostDryRuns(database: Database, olderThanMs: number): Promise<number> {
  const error = {
    code: 'CANCELLED',
    message: 'The process that computed this was ended.',
    help: 'Ask for the dry run again.',
  };
  const { numUpdatedRows } = await database.kysely
    .updateTable('job_results')
    .set((eb) => ({
      status: eb
        .case()
        .when('cancel_requested_at', 'is', null)
        .then('FAILURE' as const)
        .else('REVOKED' as const)
        .end(),
      date_done: databaseNow(),
      progress: null,
      error: JSON.stringify(error),
    }))
    .where('dry_run', '=', true)
    .where('status', '=', 'STARTED')
    .where('date_started', '<', databaseTimeIn(-olderThanMs))
    .executeTakeFirst();
  return Number(numUpdatedRows);
}

/** The least id of version 7 (RFC 9562) that is made so many days ago, less a day. */
function idBefore(days: number) {
  return sql`(lpad(to_hex((extract(epoch from ${databaseTimeIn(ID_SLACK_MS - days * DAY_MS)}) * 1000)::bigint), 12, '0') || rpad('', 20, '0'))::uuid`;
}

function toPage(rows: readonly { readonly id: string; readonly gone: boolean }[]): Page {
  return { removed: rows.filter(({ gone }) => gone).length, next: rows.length < BATCH ? undefined : rows.at(-1)?.id };
}
