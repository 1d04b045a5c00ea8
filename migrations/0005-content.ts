import type { Kysely } from 'kysely';
import { sql } from 'kysely';

/** Content with its history, per line (repository x branch). docs/storage.md explains the model and the queries that must stay fast. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table lines (
      id bigint generated always as identity primary key,
      organization_id uuid not null references organizations on delete cascade,
      repository_id uuid not null references repositories on delete cascade,
      branch_id uuid not null references branches on delete cascade,
      sync_state text not null default 'unknown' check (sync_state in ('unknown', 'syncing', 'in-sync', 'error-import')),
      commit_id text,
      good_import_id bigint,
      good_commit_id text,
      good_settings text,
      last_success_at timestamptz,
      error jsonb,
      unique (repository_id, branch_id)
    )`.execute(db);
  // sequence is given under the branch's row lock in the last statement of an import, so its order is the order of commits.
  await sql`
    create table imports (
      id bigint generated always as identity primary key,
      line_id bigint not null references lines on delete cascade,
      sequence bigint,
      commit_id text not null,
      fence bigint not null,
      job_result_id uuid references job_results on delete set null,
      counts jsonb not null,
      created_at timestamptz not null default now()
    )`.execute(db);
  await sql`create index imports_of_line on imports (line_id, id desc)`.execute(db);
  await sql`
    create table objects (
      id uuid primary key,
      organization_id uuid not null references organizations on delete cascade,
      repository_id uuid not null references repositories on delete cascade,
      kind text not null,
      key text not null,
      created_at timestamptz not null default now(),
      unique (repository_id, kind, key)
    )`.execute(db);
  // kind, key and name are repeated from the object so that every list and every plan is one index scan of one table.
  await sql`
    create table object_versions (
      id bigint generated always as identity primary key,
      object_id uuid not null references objects on delete cascade,
      line_id bigint not null references lines on delete cascade,
      from_import bigint not null,
      to_import bigint,
      kind text not null,
      key text not null,
      name text not null,
      path text not null,
      line_number integer not null,
      schema_name text,
      body jsonb not null,
      hash text not null
    )`.execute(db);
  await sql`create unique index object_versions_served on object_versions (line_id, kind, key) where to_import is null`.execute(db);
  await sql`create index object_versions_of_object on object_versions (object_id, from_import desc)`.execute(db);
  await sql`create index object_versions_by_path on object_versions (line_id, path) where to_import is null`.execute(db);
  await sql`create index object_versions_by_schema on object_versions (line_id, schema_name) where to_import is null and schema_name is not null`.execute(
    db,
  );
  // One owner of a name on a branch, whoever commits first: two imports at once cannot both win.
  await sql`
    create table name_claims (
      branch_id uuid not null references branches on delete cascade,
      kind text not null,
      name text not null,
      object_id uuid not null references objects on delete cascade,
      primary key (branch_id, kind, name)
    )`.execute(db);
  await sql`create index name_claims_object on name_claims (object_id)`.execute(db);
  // Parsed files by what they depend on and nothing else: a preview's work is reused by the push that follows it.
  await sql`
    create table parsed_files (
      organization_id uuid not null references organizations on delete cascade,
      blob_id text not null,
      rule text not null,
      path text not null,
      importer_version integer not null,
      parsed jsonb not null,
      used_at timestamptz not null default now(),
      primary key (organization_id, blob_id, rule, path, importer_version)
    )`.execute(db);
}
