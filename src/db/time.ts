import { sql } from 'kysely';
import type { RawBuilder } from 'kysely';
import type { Database, Tx } from './database.ts';

/** The database's clock, the only one that leases and schedules are kept by: the clocks of processes differ. */
export function databaseNow(): RawBuilder<Date> {
  return sql<Date>`clock_timestamp()`;
}

/** The database's time so many milliseconds from now; negative for the past. */
export function databaseTimeIn(ms: number): RawBuilder<Date> {
  return sql<Date>`clock_timestamp() + ${ms} * interval '1 millisecond'`;
}

/** Milliseconds from a column's time until now, negative while it lies ahead; null where the column is. */
export function databaseMsSince(column: string): RawBuilder<number | null> {
  return sql<number | null>`(extract(epoch from clock_timestamp() - ${sql.ref(column)}) * 1000)::float8`;
}

/** The moment so many milliseconds from now in ISO 8601, UTC and to the microsecond: a Date would cut it off, and be too early. */
export async function readTimeIn({ kysely }: Pick<Database, 'kysely'> | Pick<Tx, 'kysely'>, ms: number): Promise<string> {
  const { rows } = await sql<{ time: string }>`
    select to_char((${databaseTimeIn(ms)}) at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as time`.execute(kysely);
  const [row] = rows;
  if (row === undefined) throw new Error('the database does not say what time it is');
  return row.time;
}

/** A time as `readTimeIn` tells it. */
export function databaseTime(time: string): RawBuilder<Date> {
  return sql<Date>`${time}::timestamptz`;
}

/** NOTIFY as part of a query, delivered when its transaction commits. */
export function notify(channel: string): RawBuilder<unknown> {
  return sql`pg_notify(${channel}, '')`;
}

/** The time in `since` for as long as `column` keeps this value; else now. */
export function sinceChange(column: string, since: string, value: string): RawBuilder<Date> {
  return sql<Date>`case when ${sql.ref(column)} = ${value} then ${sql.ref(since)} else clock_timestamp() end`;
}
