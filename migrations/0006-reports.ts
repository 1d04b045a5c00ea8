import type { Kysely } from 'kysely';
import { sql } from 'kysely';

/** The outbox of reports: what a commit's status should be, and what was last posted. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table reports (
      id uuid primary key,
      organization_id uuid not null references organizations on delete cascade,
      repository_id uuid not null references repositories on delete cascade,
      job_result_id uuid references job_results on delete set null,
      commit_id text not null,
      context text not null,
      state text not null check (state in ('pending', 'success', 'failure', 'error')),
      description text not null,
      target_url text not null,
      version bigint not null default 1,
      sent_version bigint not null default 0,
      sent_at timestamptz,
      sending_until timestamptz,
      problem text,
      created_at timestamptz not null default now(),
      updated_at timestamptz not null default now(),
      unique (repository_id, commit_id, context)
    )`.execute(db);
  await sql`create index reports_unsent on reports (updated_at) where version > sent_version`.execute(db);
}
