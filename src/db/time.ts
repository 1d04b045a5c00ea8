import { sql } from 'kysely';
import type { RawBuilder } from 'kysely';

/** The database's clock, the only one that leases and schedules are kept by: the clocks of processes differ. */
export function databaseNow(): RawBuilder<Date> {
  return sql<Date>`clock_timestamp()`;
}

/** The database's time so many milliseconds from now; negative for the past. */
export function databaseTimeIn(ms: number): RawBuilder<Date> {
  return sql<Date>`clock_timestamp() + ${ms} * interval '1 millisecond'`;
}

/** NOTIFY as part of a query, delivered when its transaction commits. */
export function notify(channel: string): RawBuilder<unknown> {
  return sql`pg_notify(${channel}, '')`;
}
