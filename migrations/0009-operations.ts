import type { Kysely } from 'kysely';
import { sql } from 'kysely';

/** What operators watch: since when work waits, who works, what tidying up has done; the traces that steps belong to; what retention looks for. */
export async function up(db: Kysely<unknown>): Promise<void> {
  // W3C traceparent of the step that made the row: what takes the row up goes on in the same trace, in whichever process.
  await sql`alter table deliveries add column traceparent text`.execute(db);
  await sql`alter table job_results add column traceparent text`.execute(db);
  await sql`alter table reports add column traceparent text`.execute(db);

  // Since when more is wanted than was seen; retries do not begin it anew.
  await sql`alter table repositories add column wanted_since timestamptz`.execute(db);
  await sql`update repositories set wanted_since = clock_timestamp() where wanted > seen`.execute(db);
  // Registered for the dry run of a folder only, and forgotten with it, also when its process was killed.
  await sql`alter table repositories add column temporary boolean not null default false`.execute(db);
  await sql`create index repositories_temporary on repositories (created_at) where temporary`.execute(db);

  await sql`alter table workers add column version text not null default ''`.execute(db);
  await sql`alter table workers add column started_at timestamptz not null default clock_timestamp()`.execute(db);

  // Work that is done once per interval by whichever process comes first.
  await sql`
    create table upkeep (
      name text primary key,
      worker text not null,
      started_at timestamptz not null,
      ended_at timestamptz,
      counts jsonb not null default '{}'
    )`.execute(db);

  await sql`create index object_versions_closed on object_versions (line_id, to_import) where to_import is not null`.execute(db);
  await sql`create index parsed_files_used on parsed_files (used_at)`.execute(db);
}
