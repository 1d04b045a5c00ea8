import { sql } from 'kysely';
import type { RawBuilder } from 'kysely';
import type { Session } from '#db/database.ts';
import type { ContentKind } from '#domain/content.ts';
import type { Stage } from '#import/stage/store.ts';

/** Which of the served objects are under question: all of them, or those of the stage's paths. */
export type Scope = 'all' | 'changed';

/**
 * Lets the planner know how few there are of what is staged. Of a table that it knows nothing of it assumes ten pages, more than a thousand rows,
 * and reads all of what is served: 420 ms of a push that changes one file of 100,000, which are 4 then.
 */
export async function measureStaged({ session, objects, paths }: Stage): Promise<void> {
  await sql`analyze ${objects} (object_id, kind, key, schema_name), ${paths}`.execute(session.kysely);
}

/** The same of what differs. */
export async function measureChanges({ session, changes }: Stage): Promise<void> {
  await sql`analyze ${changes}`.execute(session.kysely);
}

/** An object that has the identity of another one that comes before it. */
export interface Duplicate {
  readonly kind: ContentKind;
  readonly name: string;
  readonly path: string;
  readonly line: number;
  readonly firstPath: string;
  readonly firstLine: number;
  /** Of all duplicates, shown or not. */
  readonly total: number;
}

/**
 * Takes out of the stage what has the identity of another object: of one that is served from a file which is not under question, or else of the
 * first by path and line. Answers with the first `most` of them, by place.
 */
export async function takeOutDuplicates(stage: Stage, scope: Scope, most: number): Promise<readonly Duplicate[]> {
  if (!(await hasDuplicates(stage, scope))) return [];
  const { session, objects, line } = stage;
  const { rows } = await sql<Duplicate>`
    with placed as (
      select s.ctid as at, s.kind, s.name, s.path, s.line_number, v.path as served_path, v.line_number as served_line,
        row_number() over w as place, first_value(s.path) over w as first_path, first_value(s.line_number) over w as first_line
      from ${objects} s
      left join object_versions v on v.object_id = s.object_id and v.line_id = ${line.id} and v.to_import is null and not ${inQuestion(stage, scope)}
      window w as (partition by s.object_id order by s.path collate "C", s.line_number, s.ctid)
    ), out as (
      delete from ${objects} s using placed p where s.ctid = p.at and (p.place > 1 or p.served_path is not null)
      returning s.kind, s.name, s.path, s.line_number, coalesce(p.served_path, p.first_path) as first_path,
        coalesce(p.served_line, p.first_line) as first_line
    )
    select kind, name, path, line_number as line, first_path as "firstPath", first_line as "firstLine", count(*) over ()::integer as total
    from out order by path collate "C", line_number, name collate "C" limit ${most}`.execute(session.kysely);
  return rows;
}

async function hasDuplicates(stage: Stage, scope: Scope): Promise<boolean> {
  const { session, objects, line } = stage;
  const { rows } = await sql<{ readonly found: boolean }>`
    select exists (select from ${objects} group by object_id having count(*) > 1) or exists (
      select from ${objects} s
      join object_versions v on v.object_id = s.object_id and v.line_id = ${line.id} and v.to_import is null and not ${inQuestion(stage, scope)}
    ) as found`.execute(session.kysely);
  return rows[0]?.found === true;
}

/** Writes down what differs between the stage and what is served. Bodies stay where they are. */
export async function findChanges(stage: Stage, scope: Scope): Promise<void> {
  const { session, objects, changes, line } = stage;
  await sql`
    insert into ${changes} (object_id, action, kind, name, old_name)
    select s.object_id, case when v.id is null then 'added' when v.hash <> s.hash then 'changed' else 'moved' end, s.kind, s.name, v.name
    from ${objects} s
    left join object_versions v on v.object_id = s.object_id and v.line_id = ${line.id} and v.to_import is null
    where v.id is null or v.hash <> s.hash or v.path <> s.path or v.line_number <> s.line_number
    union all
    select v.object_id, 'removed', v.kind, v.name, v.name
    from object_versions v
    where v.line_id = ${line.id} and v.to_import is null and ${inQuestion(stage, scope)}
      and not exists (select from ${objects} s where s.object_id = v.object_id)`.execute(session.kysely);
}

/** Of a served version `v`. */
function inQuestion({ paths }: Stage, scope: Scope): RawBuilder<unknown> {
  return scope === 'all' ? sql`true` : sql`exists (select from ${paths} p where p.path = v.path)`;
}

export interface ChangeCounts {
  readonly added: number;
  readonly changed: number;
  readonly removed: number;
  /** The same content in another place. */
  readonly moved: number;
  /** Objects of the files that were read. */
  readonly staged: number;
}

export async function countChanges({ session, objects, changes }: Stage): Promise<ChangeCounts> {
  const { rows } = await sql<ChangeCounts>`
    select
      count(*) filter (where action = 'added')::integer as added,
      count(*) filter (where action = 'changed')::integer as changed,
      count(*) filter (where action = 'removed')::integer as removed,
      count(*) filter (where action = 'moved')::integer as moved,
      (select count(*) from ${objects})::integer as staged
    from ${changes}`.execute(session.kysely);
  return rows[0] ?? { added: 0, changed: 0, removed: 0, moved: 0, staged: 0 };
}

/** An object that names a schema which will not be there. */
export interface LostSchema {
  readonly schemaName: string;
  readonly name: string;
  readonly path: string;
  readonly line: number;
  /** It was there and is removed. */
  readonly removed: boolean;
  readonly total: number;
}

/** Objects of the stage that name no schema of the stage or of what stays served, and served ones that stay while their schema goes. By place. */
export async function findLostSchemas({ session, objects, changes, line }: Stage, most: number): Promise<readonly LostSchema[]> {
  const { rows } = await sql<LostSchema>`
    with gone as (
      select name from ${changes} where kind = 'config-context-schema' and action = 'removed'
    ), lost as (
      select s.schema_name, s.name, s.path, s.line_number
      from ${objects} s
      where s.schema_name is not null
        and not exists (select from ${objects} t where t.kind = 'config-context-schema' and t.key = s.schema_name)
        and (
          s.schema_name in (select name from gone)
          or not exists (
            select from object_versions v
            where v.line_id = ${line.id} and v.to_import is null and v.kind = 'config-context-schema' and v.key = s.schema_name
          )
        )
      union all
      select v.schema_name, v.name, v.path, v.line_number
      from gone join object_versions v on v.schema_name = gone.name
      where v.line_id = ${line.id} and v.to_import is null
        and not exists (select from ${objects} s where s.object_id = v.object_id)
        and not exists (select from ${changes} x where x.object_id = v.object_id and x.action = 'removed')
    )
    select schema_name as "schemaName", name, path, line_number as line, schema_name in (select name from gone) as removed,
      count(*) over ()::integer as total
    from lost order by path collate "C", line_number, name collate "C" limit ${most}`.execute(session.kysely);
  return rows;
}

/** A name that an object of another repository holds on the branch. */
export interface TakenName {
  readonly kind: ContentKind;
  readonly name: string;
  readonly path: string;
  readonly line: number;
  readonly repository: string;
  readonly ownerPath: string | null;
}

/** What the plan wants to call its objects while others have the name. `kysely` is the session's, or that of its transaction. */
export async function findTakenNames(
  { kysely }: Pick<Session, 'kysely'>,
  { objects, changes, line, repositoryId }: Stage,
  most: number,
): Promise<readonly TakenName[]> {
  const { rows } = await sql<TakenName>`
    select x.kind, x.name, s.path, s.line_number as line, r.name as repository, v.path as "ownerPath"
    from ${changes} x
    join name_claims c on c.branch_id = ${line.branchId} and c.kind = x.kind and c.name = x.name
    join objects o on o.id = c.object_id and o.repository_id <> ${repositoryId}
    join repositories r on r.id = o.repository_id
    join ${objects} s on s.object_id = x.object_id
    left join object_versions v on v.object_id = o.id and v.to_import is null
    where x.action in ('added', 'changed')
    order by s.path collate "C", s.line_number, x.name collate "C" limit ${most}`.execute(kysely);
  return rows;
}
