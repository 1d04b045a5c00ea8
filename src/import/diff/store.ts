import { sql } from 'kysely';
import type { RawBuilder } from 'kysely';
import { readPages } from '#db/read-pages.ts';
import type { NamedChange } from '#domain/content.ts';
import type { JsonObject } from '#domain/words.ts';
import type { Stage } from '#import/stage/store.ts';

/** A change with the bodies on both sides of it. */
export interface ChangedBodies extends NamedChange {
  readonly before: JsonObject | null;
  readonly after: JsonObject | null;
}

/** Bodies that are in memory at once. A file may have 2 MiB. */
const PAGE = 50;

/** Added, changed and removed objects, each in the order of their places, without those that only moved; no more than `most`. */
export async function listChanges(stage: Stage, most: number): Promise<readonly NamedChange[]> {
  const { rows } = await changesWith(stage, sql``, most).execute(stage.session.kysely);
  return rows;
}

/** The same with their bodies, a few at a time. */
export async function* readChanges(stage: Stage, most: number): AsyncGenerator<ChangedBodies> {
  const bodies = sql`, case when x.action <> 'added' then v.body end as before, s.body as after`;
  for await (const page of readPages(stage.session, changesWith(stage, bodies, most), PAGE)) yield* page as readonly ChangedBodies[];
}

function changesWith({ objects, changes, line }: Stage, more: RawBuilder<unknown>, most: number) {
  return sql<NamedChange>`
    select x.action, x.kind, x.name, coalesce(s.path, v.path) as path, coalesce(s.line_number, v.line_number) as line ${more}
    from ${changes} x
    left join ${objects} s on s.object_id = x.object_id
    left join object_versions v
      on x.action <> 'added' and v.object_id = x.object_id and v.line_id = ${sql.lit(line.id)} and v.to_import is null
    where x.action <> 'moved'
    order by x.action, coalesce(s.path, v.path) collate "C", 5, x.kind, x.name collate "C" limit ${sql.lit(most)}`;
}
