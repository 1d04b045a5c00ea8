import type { Expression, Kysely, SelectQueryBuilder, Selectable, SqlBool } from 'kysely';
import { sql } from 'kysely';
import type { Database, Tx } from '#db/database.ts';
import { containsText, matches, readFiltered } from '#db/filter.ts';
import type { Schema } from '#db/schema.ts';
import { databaseNow, notify } from '#db/time.ts';
import { cancelledBy } from '#domain/cancelled.ts';
import type { FieldType, Filter } from '#domain/filter.ts';

export interface JobResultRow extends Selectable<Schema['job_results']> {
  readonly repository_name: string | null;
}

export type LogRow = Selectable<Schema['job_log_entries']>;

export interface RunQuery {
  readonly filters: readonly Filter[];
  readonly q: string | undefined;
  readonly limit: number;
  readonly offset: number;
}

export const JOB_RESULT_FIELDS: Readonly<Record<string, FieldType>> = {
  id: 'uuid',
  name: 'text',
  status: 'text',
  reason: 'text',
  dry_run: 'boolean',
  repository: 'text',
  repository_id: 'uuid',
  commit: 'text',
};

export const LOG_FIELDS: Readonly<Record<string, FieldType>> = {
  log_level: 'text',
  grouping: 'text',
  message: 'text',
  code: 'text',
  path: 'text',
};

/** Newest first. */
export async function listJobResults(
  database: Database,
  organizationId: string,
  query: RunQuery,
): Promise<{ readonly count: number; readonly rows: readonly JobResultRow[] }> {
  return readFiltered(database, query.filters, async (kysely) => {
    const rows = await narrow(select(kysely), organizationId, query)
      .orderBy('j.date_created', 'desc')
      .orderBy('j.id', 'desc')
      .limit(query.limit)
      .offset(query.offset)
      .execute();
    const { count } = await narrow(
      from(kysely).select((eb) => eb.fn.countAll<number>().as('count')),
      organizationId,
      query,
    ).executeTakeFirstOrThrow();
    return { count, rows };
  });
}

export async function findJobResult(database: Database, organizationId: string, id: string): Promise<JobResultRow | undefined> {
  return select(database.kysely).where('j.organization_id', '=', organizationId).where('j.id', '=', id).executeTakeFirst();
}

export async function listLogs(
  database: Database,
  jobResultId: string,
  query: RunQuery,
): Promise<{ readonly count: number; readonly rows: readonly LogRow[] }> {
  return readFiltered(database, query.filters, async (kysely) => {
    const conditions = query.filters.map((filter) => matches(sql.ref(LOG_COLUMNS[filter.field] ?? filter.field), filter));
    if (query.q !== undefined) conditions.push(containsText([sql.ref('message'), sql.ref('path')], query.q));
    const narrowLogs = <O>(logs: SelectQueryBuilder<Schema, 'job_log_entries', O>) =>
      conditions.reduce((narrowed, condition) => narrowed.where(condition), logs.where('job_result_id', '=', jobResultId));
    const rows = await narrowLogs(kysely.selectFrom('job_log_entries').selectAll())
      .orderBy('id')
      .limit(query.limit)
      .offset(query.offset)
      .execute();
    const { count } = await narrowLogs(
      kysely.selectFrom('job_log_entries').select((eb) => eb.fn.countAll<number>().as('count')),
    ).executeTakeFirstOrThrow();
    return { count, rows };
  });
}

/** Entries after one that was seen already, oldest first. */
export async function listLogsAfter(database: Database, jobResultId: string, afterId: number, limit: number): Promise<readonly LogRow[]> {
  return database.kysely
    .selectFrom('job_log_entries')
    .selectAll()
    .where('job_result_id', '=', jobResultId)
    .where('id', '>', afterId)
    .orderBy('id')
    .limit(limit)
    .execute();
}

/** Who does not want a run, and what people call them. */
export interface Canceller {
  readonly userId: string;
  readonly name: string;
}

/** Keeps that a run under way is to end, for the worker that has it, unless it ended or that is kept already. */
export async function requestCancel(tx: Tx, id: string, { userId, name }: Canceller): Promise<void> {
  const { numUpdatedRows } = await tx.kysely
    .updateTable('job_results')
    .set({ cancel_requested_at: databaseNow(), cancel_user_id: userId })
    .where('id', '=', id)
    .where('status', '=', 'STARTED')
    .where('cancel_requested_at', 'is', null)
    .executeTakeFirst();
  if (numUpdatedRows > 0n) await say(tx, id, `${name} asked for this run to end.`);
}

/** Ends a run that no worker has, if it is still as it was seen. */
export async function revoke(tx: Tx, run: Pick<JobResultRow, 'id' | 'status'>, { userId, name }: Canceller): Promise<void> {
  const { code, message, help } = cancelledBy(name);
  const { numUpdatedRows } = await tx.kysely
    .updateTable('job_results')
    .set({
      status: 'REVOKED',
      cancel_requested_at: databaseNow(),
      cancel_user_id: userId,
      date_done: databaseNow(),
      progress: null,
      error: JSON.stringify({ code, message, help }),
    })
    .where('id', '=', run.id)
    .where('status', '=', run.status)
    .executeTakeFirst();
  if (numUpdatedRows > 0n) await say(tx, run.id, message);
}

async function say(tx: Tx, jobResultId: string, message: string): Promise<void> {
  await tx.kysely
    .insertInto('job_log_entries')
    .values({ job_result_id: jobResultId, level: 'warning', grouping: 'sync', message, code: 'CANCELLED' })
    .execute();
  await tx.kysely.selectNoFrom(notify('tributary_job_logs').as('woken')).execute();
}

function from(kysely: Kysely<Schema>) {
  return kysely.selectFrom('job_results as j').leftJoin('repositories as r', 'r.id', 'j.repository_id');
}

function select(kysely: Kysely<Schema>) {
  return from(kysely).selectAll('j').select('r.name as repository_name');
}

const COLUMNS: Readonly<Record<string, string>> = { repository: 'r.name', commit: 'j.commit_id' };
const LOG_COLUMNS: Readonly<Record<string, string>> = { log_level: 'level' };

function narrow<DB, TB extends keyof DB, O>(
  query: SelectQueryBuilder<DB, TB, O>,
  organizationId: string,
  { filters, q }: RunQuery,
): SelectQueryBuilder<DB, TB, O> {
  const conditions: Expression<SqlBool>[] = [
    sql<SqlBool>`j.organization_id = ${organizationId}`,
    ...filters.map((filter) => matches(sql.ref(COLUMNS[filter.field] ?? `j.${filter.field}`), filter)),
  ];
  if (q !== undefined) conditions.push(containsText([sql.ref('j.name'), sql.ref('r.name'), sql.ref('j.commit_id')], q));
  return conditions.reduce((narrowed, condition) => narrowed.where(condition), query);
}
