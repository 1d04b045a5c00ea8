import type { ColumnType } from 'kysely';

export type Time = ColumnType<Date, Date | string | undefined, Date | string>;
export type NullableTime = ColumnType<Date | null, Date | string | null | undefined, Date | string | null>;
/** Written as JSON text, read parsed: the drivers differ in what they do with objects, not with text. */
export type Jsonb = ColumnType<unknown, string | undefined, string>;
export type NullableJsonb = ColumnType<unknown, string | null | undefined, string | null>;
