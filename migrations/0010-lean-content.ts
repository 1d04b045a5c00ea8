import type { Kysely } from 'kysely';
import { sql } from 'kysely';

/**
 * What an object costs to write. Foreign keys ask for every row what is true for all rows of an import at once, and lock the row they ask about
 * every time: with them and two indexes that nothing needed, writing 50,000 objects took 2.4 s, without 1.0 (docs/storage.md). What they
 * removed with a repository, a line or a branch, triggers remove, once for each statement.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table objects drop constraint objects_organization_id_fkey, drop constraint objects_repository_id_fkey`.execute(db);
  // An id is made from repository, kind and key, so the primary key keeps them unique (src/import/object-id.ts).
  await sql`alter table objects drop constraint objects_repository_id_kind_key_key`.execute(db);
  await sql`alter table object_versions drop constraint object_versions_object_id_fkey, drop constraint object_versions_line_id_fkey`.execute(
    db,
  );
  await sql`alter table name_claims drop constraint name_claims_branch_id_fkey, drop constraint name_claims_object_id_fkey`.execute(db);
  await sql`drop index name_claims_object`.execute(db);
  await removeTogether(db);
  // Parsed bodies are text from now on; what is lost are parses.
  await sql`truncate parsed_files`.execute(db);
}

async function removeTogether(db: Kysely<unknown>): Promise<void> {
  // For a line that goes by itself. With a repository, PostgreSQL does this after the repository's own trigger, when the objects that
  // lead to the versions are gone, so that one removes the versions too.
  await sql`
    create function remove_content_of_lines() returns trigger language plpgsql as $$ begin
      delete from object_versions v using gone, objects o
      where o.repository_id = gone.repository_id and v.object_id = o.id and v.line_id = gone.id;
      return null;
    end $$`.execute(db);
  await sql`
    create trigger content_goes_with_line after delete on lines referencing old table as gone
    for each statement execute function remove_content_of_lines()`.execute(db);
  await sql`
    create function remove_objects_of_repositories() returns trigger language plpgsql as $$ begin
      delete from name_claims c using gone, objects o where o.repository_id = gone.id and c.object_id = o.id;
      delete from object_versions v using gone, objects o where o.repository_id = gone.id and v.object_id = o.id;
      delete from objects o using gone where o.repository_id = gone.id;
      return null;
    end $$`.execute(db);
  await sql`
    create trigger objects_go_with_repository after delete on repositories referencing old table as gone
    for each statement execute function remove_objects_of_repositories()`.execute(db);
  await sql`
    create function remove_claims_of_branches() returns trigger language plpgsql as $$ begin
      delete from name_claims c using gone where c.branch_id = gone.id;
      return null;
    end $$`.execute(db);
  await sql`
    create trigger claims_go_with_branch after delete on branches referencing old table as gone
    for each statement execute function remove_claims_of_branches()`.execute(db);
}
