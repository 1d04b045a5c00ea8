import type { Kysely } from 'kysely';
import { sql } from 'kysely';

/** Runs as people see them: job results with their logs and progress. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table job_results (
      id uuid primary key,
      organization_id uuid not null references organizations on delete cascade,
      repository_id uuid references repositories on delete set null,
      name text not null,
      status text not null default 'PENDING' check (status in ('PENDING', 'STARTED', 'SUCCESS', 'FAILURE', 'REVOKED')),
      user_id uuid references users on delete set null,
      reason text not null check (reason in ('registered', 'changed', 'asked', 'webhook', 'poll', 'retry')),
      dry_run boolean not null default false,
      force boolean not null default false,
      commit_id text,
      worker text,
      progress jsonb,
      result jsonb,
      error jsonb,
      date_created timestamptz not null default clock_timestamp(),
      date_started timestamptz,
      date_done timestamptz
    )`.execute(db);
  await sql`create index job_results_listed on job_results (organization_id, date_created desc, id)`.execute(db);
  await sql`create index job_results_repository on job_results (repository_id, date_created desc)`.execute(db);
  await sql`
    create table job_log_entries (
      id bigint generated always as identity primary key,
      job_result_id uuid not null references job_results on delete cascade,
      level text not null check (level in ('debug', 'info', 'success', 'warning', 'error')),
      grouping text not null,
      message text not null,
      code text,
      help text,
      object text,
      path text,
      line integer,
      column_number integer,
      created_at timestamptz not null default clock_timestamp()
    )`.execute(db);
  await sql`create index job_log_entries_of on job_log_entries (job_result_id, id)`.execute(db);
  // Who takes jobs at the moment, so that whoever asks for one can be told when nobody does.
  await sql`
    create table workers (
      name text primary key,
      seen_at timestamptz not null
    )`.execute(db);
}
