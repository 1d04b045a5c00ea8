import type { Expression, SelectQueryBuilder, SqlBool } from 'kysely';
import { sql } from 'kysely';
import type { Database } from '#db/database.ts';
import { containsText, matches, readFiltered } from '#db/filter.ts';
import type { FieldType, Filter } from '#domain/filter.ts';
import type { RepositoryRow } from '#repositories/store.ts';
import { selectRepositories } from '#repositories/store.ts';

export interface RepositoryQuery {
  readonly filters: readonly Filter[];
  readonly q: string | undefined;
  readonly limit: number;
  readonly offset: number;
}

export const REPOSITORY_FIELDS: Readonly<Record<string, FieldType>> = {
  id: 'uuid',
  name: 'text',
  slug: 'text',
  branch: 'text',
  ref: 'text',
  remote_url: 'text',
  description: 'text',
  current_head: 'text',
  path_prefix: 'text',
  kind: 'text',
  provider: 'text',
  admin_status: 'text',
  update_policy: 'text',
  operational_status: 'text',
  tags: 'text',
  provided_contents: 'text',
  secrets_group: 'text',
  credential: 'text',
  webhook_status: 'text',
};

export async function listRepositories(
  database: Database,
  organizationId: string,
  query: RepositoryQuery,
): Promise<{ readonly count: number; readonly rows: readonly RepositoryRow[] }> {
  return readFiltered(database, query.filters, async (kysely) => {
    const rows = await narrow(selectRepositories(kysely), organizationId, query)
      .orderBy('r.name')
      .limit(query.limit)
      .offset(query.offset)
      .execute();
    const counted = kysely
      .selectFrom('repositories as r')
      .leftJoin('credentials as c', 'c.id', 'r.credential_id')
      .leftJoin('hooks as h', 'h.repository_id', 'r.id')
      .select((eb) => eb.fn.countAll<number>().as('count'));
    const { count } = await narrow(counted, organizationId, query).executeTakeFirstOrThrow();
    return { count, rows };
  });
}

function narrow<DB, TB extends keyof DB, O>(
  select: SelectQueryBuilder<DB, TB, O>,
  organizationId: string,
  { filters, q }: RepositoryQuery,
): SelectQueryBuilder<DB, TB, O> {
  const conditions = filters.map(toCondition);
  if (q !== undefined) conditions.push(containsText([sql.ref('r.name'), sql.ref('r.remote_url'), sql.ref('r.ref')], q));
  return conditions.reduce((query, condition) => query.where(condition), select.where(sql<SqlBool>`r.organization_id = ${organizationId}`));
}

const COLUMNS: Readonly<Record<string, string>> = {
  branch: 'r.ref',
  operational_status: 'r.operational_state',
  webhook_status: 'h.status',
};

function toCondition(filter: Filter): Expression<SqlBool> {
  switch (filter.field) {
    case 'tags':
      return plainly(filter, (values) =>
        sql.join(
          values.map((tag) => sql`jsonb_exists(r.tags, ${tag})`),
          sql` and `,
        ),
      );
    // Membership, not text: extras.configcontext must not find extras.configcontextschema.
    case 'provided_contents':
      return plainly(filter, (values) =>
        sql.join(
          values.map((choice) => sql`(r.provided_contents is null or ${choice} = any(r.provided_contents))`),
          sql` or `,
        ),
      );
    case 'secrets_group':
    case 'credential':
      return filter.lookup === 'isnull'
        ? matches(sql.ref('r.credential_id'), filter)
        : plainly(filter, (values) =>
            sql.join(
              values.map((value) => sql`(c.name = ${value} or c.id::text = lower(${value}))`),
              sql` or `,
            ),
          );
    default:
      return matches(sql.ref(COLUMNS[filter.field] ?? `r.${filter.field}`), filter);
  }
}

/** For lists and references, which know equality and its negation; other lookups find nothing of theirs. */
function plainly(filter: Filter, condition: (values: readonly string[]) => Expression<unknown>): Expression<SqlBool> {
  const met = sql<SqlBool>`(${condition(filter.values)})`;
  return filter.lookup.startsWith('n') ? sql<SqlBool>`(${met}) is not true` : met;
}
