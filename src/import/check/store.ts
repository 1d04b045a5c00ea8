import { sql } from 'kysely';
import { readPages } from '#db/read-pages.ts';
import type { Stage } from '#import/stage/store.ts';
import type { DataToCheck } from '#import/check-data.ts';

/** Data of an object, with the schema that it names. */
export interface NamedData extends DataToCheck {
  readonly schemaName: string;
}

/** Objects that are in memory at once, each with up to 2 MiB. */
const PAGE = 100;

/**
 * Data that has to be checked: of what is new or changed and names a schema, and of everything that names a schema which is new or changed,
 * read again or not. In the order of the schemas' names, then by place.
 */
export async function* readDataToCheck({ session, objects, changes, line }: Stage): AsyncGenerator<NamedData> {
  if (!(await hasSchemas({ session, objects, changes }))) return;
  const pages = readPages<NamedData>(
    session,
    sql`
      with renewed as (
        select name from ${changes} where kind = 'config-context-schema' and action in ('added', 'changed')
      ), bound as (
        select s.schema_name, s.key, s.name, s.path, s.line_number, s.body
        from ${objects} s
        where s.schema_name is not null and (
          s.schema_name in (select name from renewed)
          or exists (select from ${changes} x where x.object_id = s.object_id and x.action in ('added', 'changed'))
        )
        union all
        select v.schema_name, v.key, v.name, v.path, v.line_number, v.body
        from renewed join object_versions v on v.schema_name = renewed.name
        where v.line_id = ${sql.lit(line.id)} and v.to_import is null
          and not exists (select from ${objects} s where s.object_id = v.object_id)
          and not exists (select from ${changes} x where x.object_id = v.object_id and x.action = 'removed')
      )
      select schema_name as "schemaName", key, name, path, line_number as line, coalesce(body->'data', '{}')::text as data
      from bound order by schema_name collate "C", path collate "C", line_number`,
    PAGE,
  );
  for await (const page of pages) yield* page;
}

async function hasSchemas({ session, objects, changes }: Pick<Stage, 'session' | 'objects' | 'changes'>): Promise<boolean> {
  const { rows } = await sql<{ readonly found: boolean }>`
    select exists (select from ${objects} where schema_name is not null)
      or exists (select from ${changes} where kind = 'config-context-schema') as found`.execute(session.kysely);
  return rows[0]?.found === true;
}

/** The text of a schema as it will be: of the stage, or as it is served. undefined when there is none. */
export async function findSchema({ session, objects, line }: Stage, name: string): Promise<string | undefined> {
  const { rows } = await sql<{ readonly schema: string | null }>`
    select (body->'data_schema')::text as schema from (
      select 1 as place, body from ${objects} where kind = 'config-context-schema' and key = ${name}
      union all
      select 2, body from object_versions
      where line_id = ${line.id} and to_import is null and kind = 'config-context-schema' and key = ${name}
    ) as schemas order by place limit 1`.execute(session.kysely);
  return rows[0]?.schema ?? undefined;
}
