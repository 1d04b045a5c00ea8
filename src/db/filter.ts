import { sql } from 'kysely';
import type { Expression, Kysely, RawBuilder, SqlBool } from 'kysely';
import type { Filter } from '#domain/filter.ts';
import { hasRegex, isTrue } from '#domain/filter.ts';
import type { Database } from './database.ts';
import type { Schema } from './schema.ts';

/** The condition that a filter puts on an expression of its type. */
export function matches(expression: Expression<unknown>, filter: Filter): RawBuilder<SqlBool> {
  const text = sql`(${expression})::text`;
  switch (filter.lookup) {
    case '':
      return anyOf(filter, (value) => sql`${expression} = ${typed(filter, value)}`);
    case 'n':
      return noneOf(filter, (value) => sql`${expression} = ${typed(filter, value)}`);
    case 'ie':
      return anyOf(filter, (value) => sql`lower(${text}) = lower(${value})`);
    case 'nie':
      return noneOf(filter, (value) => sql`lower(${text}) = lower(${value})`);
    case 'ic':
      return anyOf(filter, (value) => sql`${text} ilike ${`%${escapeLike(value)}%`}`);
    case 'nic':
      return noneOf(filter, (value) => sql`${text} ilike ${`%${escapeLike(value)}%`}`);
    case 'isw':
      return anyOf(filter, (value) => sql`${text} ilike ${`${escapeLike(value)}%`}`);
    case 'nisw':
      return noneOf(filter, (value) => sql`${text} ilike ${`${escapeLike(value)}%`}`);
    case 'iew':
      return anyOf(filter, (value) => sql`${text} ilike ${`%${escapeLike(value)}`}`);
    case 'niew':
      return noneOf(filter, (value) => sql`${text} ilike ${`%${escapeLike(value)}`}`);
    case 're':
      return anyOf(filter, (value) => sql`${text} ~ ${value}`);
    case 'nre':
      return noneOf(filter, (value) => sql`${text} ~ ${value}`);
    case 'ire':
      return anyOf(filter, (value) => sql`${text} ~* ${value}`);
    case 'nire':
      return noneOf(filter, (value) => sql`${text} ~* ${value}`);
    case 'isnull':
      return anyOf(filter, (value) => (isTrue(value) ? sql`${text} is null` : sql`${text} is not null`));
  }
}

/** In the column's own type, so that an index on it serves. */
function typed(filter: Filter, value: string): RawBuilder<unknown> {
  switch (filter.type) {
    case 'text':
      return sql`${value}`;
    case 'uuid':
      return sql`${value}::uuid`;
    case 'number':
      return sql`${value}::bigint`;
    case 'boolean':
      return sql`${isTrue(value)}`;
  }
}

/** True when any of the expressions holds the text, whatever its case. */
export function containsText(expressions: readonly Expression<unknown>[], text: string): RawBuilder<SqlBool> {
  const pattern = `%${escapeLike(text)}%`;
  return sql<SqlBool>`(${sql.join(
    expressions.map((expression) => sql`(${expression})::text ilike ${pattern}`),
    sql` or `,
  )})`;
}

function anyOf(filter: Filter, condition: (value: string) => RawBuilder<unknown>): RawBuilder<SqlBool> {
  return sql<SqlBool>`(${sql.join(filter.values.map(condition), sql` or `)})`;
}

/** A row without a value is none of them. */
function noneOf(filter: Filter, condition: (value: string) => RawBuilder<unknown>): RawBuilder<SqlBool> {
  return sql<SqlBool>`(${anyOf(filter, condition)}) is not true`;
}

function escapeLike(text: string): string {
  return text.replace(/[\\%_]/g, String.raw`\$&`);
}

/** Somebody's search cannot be done; the message says why, in words for them. */
export class SearchError extends Error {
  override readonly name = 'SearchError';
}

const REGEX_TIMEOUT_MS = 2_000;

/** Runs a read; one that holds somebody's regular expression is ended by the server after two seconds. Throws SearchError for a bad one. */
export async function readFiltered<T>(
  database: Database,
  filters: readonly Filter[],
  read: (kysely: Kysely<Schema>) => Promise<T>,
): Promise<T> {
  if (!hasRegex(filters)) return read(database.kysely);
  try {
    return await database.transaction(async ({ kysely }) => {
      await sql`select set_config('statement_timeout', ${String(REGEX_TIMEOUT_MS)}, true)`.execute(kysely);
      return read(kysely);
    });
  } catch (error) {
    throw explain(error);
  }
}

/** PostgreSQL's codes for a regular expression that it cannot compile, and for a statement that took too long. */
const INVALID_REGULAR_EXPRESSION = '2201B';
const QUERY_CANCELED = '57014';

function explain(error: unknown): unknown {
  if (!(error instanceof Error) || !('code' in error)) return error;
  if (error.code === INVALID_REGULAR_EXPRESSION) return new SearchError(`The search cannot be done: ${error.message}.`, { cause: error });
  if (error.code === QUERY_CANCELED) return new SearchError('The search took too long. Make the expression simpler.', { cause: error });
  return error;
}
