import type { Expression, Kysely, SelectQueryBuilder, Selectable, SqlBool } from 'kysely';
import { sql } from 'kysely';
import type { Database } from '#db/database.ts';
import { containsText, matches, readFiltered } from '#db/filter.ts';
import type { Schema } from '#db/schema.ts';
import type { ContentKind } from '#domain/content.ts';
import type { FieldType, Filter } from '#domain/filter.ts';

export interface ContentRow extends Pick<
  Selectable<Schema['object_versions']>,
  'object_id' | 'kind' | 'key' | 'name' | 'path' | 'line_number' | 'body'
> {
  readonly repository_id: string;
  readonly repository_name: string;
  readonly branch: string;
  readonly commit_id: string;
  readonly created_at: Date;
  readonly changed_at: Date;
}

export interface ContentQuery {
  readonly kind: ContentKind;
  readonly branch: string;
  readonly filters: readonly Filter[];
  readonly q: string | undefined;
  readonly limit: number;
  readonly offset: number;
}

const SHARED: Readonly<Record<string, FieldType>> = {
  id: 'uuid',
  name: 'text',
  path: 'text',
  owner_object_id: 'uuid',
  repository: 'text',
  commit: 'text',
};

/** What each kind can be filtered by. */
export const CONTENT_FIELDS: Readonly<Record<ContentKind, Readonly<Record<string, FieldType>>>> = {
  'config-context': { ...SHARED, weight: 'number', is_active: 'boolean', description: 'text', config_context_schema: 'text' },
  'local-config-context': { ...SHARED, target: 'text' },
  'config-context-schema': { ...SHARED, description: 'text' },
  'export-template': { ...SHARED, content_type: 'text', mime_type: 'text', file_extension: 'text', description: 'text' },
};

export async function findBranchId(database: Database, organizationId: string, name: string): Promise<string | undefined> {
  const row = await database.kysely
    .selectFrom('branches')
    .select('id')
    .where('organization_id', '=', organizationId)
    .where('name', '=', name)
    .executeTakeFirst();
  return row?.id;
}

/** A page of what is served on a branch. What is on the page is chosen before the rest of it is looked up: a hundred thousand bodies are not sorted. */
export async function listContent(
  database: Database,
  branchId: string,
  query: ContentQuery,
): Promise<{ readonly count: number; readonly rows: readonly ContentRow[] }> {
  return readFiltered(database, query.filters, async (kysely) => {
    const page = narrow(served(kysely).select('v.id'), branchId, query)
      .orderBy('v.name')
      .orderBy('v.object_id')
      .limit(query.limit)
      .offset(query.offset);
    const rows = await selectContent(kysely).where('v.id', 'in', page).orderBy('v.name').orderBy('v.object_id').execute();
    const counted = served(kysely).select((eb) => eb.fn.countAll<number>().as('count'));
    const { count } = await narrow(counted, branchId, query).executeTakeFirstOrThrow();
    return { count, rows };
  });
}

/** One served object; undefined when it is not served on the branch, or belongs to another organization. */
export async function findContent(database: Database, branchId: string, kind: ContentKind, id: string): Promise<ContentRow | undefined> {
  return selectContent(database.kysely)
    .where('l.branch_id', '=', branchId)
    .where('v.kind', '=', kind)
    .where('v.object_id', '=', id)
    .executeTakeFirst();
}

/** Current versions with what they can be filtered by. */
function served(kysely: Kysely<Schema>) {
  return kysely
    .selectFrom('object_versions as v')
    .innerJoin('lines as l', 'l.id', 'v.line_id')
    .innerJoin('repositories as r', 'r.id', 'l.repository_id')
    .where('v.to_import', 'is', null);
}

function selectContent(kysely: Kysely<Schema>) {
  return served(kysely)
    .innerJoin('branches as b', 'b.id', 'l.branch_id')
    .innerJoin('objects as o', 'o.id', 'v.object_id')
    .innerJoin('imports as i', 'i.id', 'v.from_import')
    .select([
      'v.object_id',
      'v.kind',
      'v.key',
      'v.name',
      'v.path',
      'v.line_number',
      'v.body',
      'r.id as repository_id',
      'r.name as repository_name',
      'b.name as branch',
      'i.commit_id',
      'o.created_at',
      'i.created_at as changed_at',
    ]);
}

function narrow<DB, TB extends keyof DB, O>(
  select: SelectQueryBuilder<DB, TB, O>,
  branchId: string,
  { kind, filters, q }: ContentQuery,
): SelectQueryBuilder<DB, TB, O> {
  const conditions: Expression<SqlBool>[] = [
    sql<SqlBool>`l.branch_id = ${branchId}`,
    sql<SqlBool>`v.kind = ${kind}`,
    ...filters.map((filter) => matches(columnOf(filter.field), filter)),
  ];
  if (q !== undefined) conditions.push(containsText([sql.ref('v.name'), sql.ref('v.path'), sql`v.body->>'description'`], q));
  return conditions.reduce((query, condition) => query.where(condition), select);
}

const COLUMNS: Readonly<Record<string, Expression<unknown>>> = {
  id: sql.ref('v.object_id'),
  path: sql.ref('v.path'),
  owner_object_id: sql.ref('r.id'),
  repository: sql.ref('r.name'),
  commit: sql`(select i.commit_id from imports i where i.id = v.from_import)`,
  name: sql`v.body->>'name'`,
  weight: sql`(v.body->>'weight')::bigint`,
  is_active: sql`(v.body->>'is_active')::boolean`,
};

function columnOf(field: string): Expression<unknown> {
  return COLUMNS[field] ?? sql`v.body->>${sql.lit(field)}`;
}
