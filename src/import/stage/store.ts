import { sql } from 'kysely';
import type { RawBuilder } from 'kysely';
import { v7 as newId } from 'uuid';
import type { Database, Session } from '#db/database.ts';
import type { ParsedObject } from '#domain/content.ts';
import type { Line } from '#import/store.ts';
import type { ParsedRows } from './parse-rows.ts';
import { OBJECT_COLUMNS, toRows } from './rows.ts';

/**
 * What one run read, on its way to being served: temporary tables of one connection, which no one else sees, which are not logged, and which
 * are gone with the connection however the run ends. docs/storage.md says what is decided there.
 */
export interface Stage {
  readonly session: Session;
  readonly repositoryId: string;
  readonly line: Line;
  /** Objects as the files declare them. */
  readonly objects: RawBuilder<unknown>;
  /** Files that the run looks at; of what is served, only objects of these can go. */
  readonly paths: RawBuilder<unknown>;
  /** What differs from what is served: the plan. */
  readonly changes: RawBuilder<unknown>;
  addObjects(objects: readonly ParsedObject[]): Promise<void>;
  /** The same from text that a parsing thread made. */
  addText(rows: Pick<ParsedRows, 'text'>): Promise<void>;
  addPaths(paths: Iterable<string>): Promise<void>;
}

/** Opens a stage for `work`. Waits while too many others have one, until `signal` aborts. */
export async function withStage<T>(
  database: Database,
  { repositoryId, line, signal }: Pick<Stage, 'repositoryId' | 'line'> & { readonly signal: AbortSignal },
  work: (stage: Stage) => Promise<T>,
): Promise<T> {
  // On the embedded database everybody shares the connection, so the names tell the runs apart.
  const suffix = newId().replaceAll('-', '');
  const names = { objects: `staged_${suffix}`, paths: `paths_${suffix}`, changes: `changes_${suffix}` };
  return database.session(signal, async (session) => {
    const stage = {
      session,
      repositoryId,
      line,
      objects: sql.table(names.objects),
      paths: sql.table(names.paths),
      changes: sql.table(names.changes),
      addObjects: (objects: readonly ParsedObject[]) => session.bulkInsert(names.objects, OBJECT_COLUMNS, toRows(repositoryId, objects)),
      addText: ({ text }: Pick<ParsedRows, 'text'>) => session.bulkCopy(names.objects, OBJECT_COLUMNS, text),
      addPaths: (paths: Iterable<string>) =>
        session.bulkInsert(
          names.paths,
          ['path'],
          Iterator.from(paths).map((path) => [path]),
        ),
    };
    try {
      await createTables(stage);
      return await work(stage);
    } finally {
      // A session that failed takes its tables with it, and may not be able to say a word any more.
      await dropTables(stage).catch(() => undefined);
    }
  });
}

async function createTables({ session, objects, paths, changes }: Pick<Stage, 'session' | 'objects' | 'paths' | 'changes'>): Promise<void> {
  await sql`
    create temporary table ${objects} (
      object_id uuid not null,
      kind text not null,
      key text not null,
      name text not null,
      path text not null,
      line_number integer not null,
      schema_name text,
      hash text not null,
      body jsonb not null
    )`.execute(session.kysely);
  await sql`create temporary table ${paths} (path text not null)`.execute(session.kysely);
  await sql`
    create temporary table ${changes} (
      object_id uuid not null,
      action text not null,
      kind text not null,
      name text not null,
      old_name text
    )`.execute(session.kysely);
}

async function dropTables({ session, objects, paths, changes }: Pick<Stage, 'session' | 'objects' | 'paths' | 'changes'>): Promise<void> {
  await sql`drop table if exists ${objects}, ${paths}, ${changes}`.execute(session.kysely);
}
