import type { Kysely } from 'kysely';
import { sql } from 'kysely';

/** What finds the truth without webhooks: when to look at each remote, how its server does, and when to look after a hook. */
export async function up(db: Kysely<unknown>): Promise<void> {
  // remote_key is `scheme://host[:port]/path`; a folder on somebody's machine (`file:///…`) has no host and is never looked at.
  // poll_asked: what was seen when a sync was last asked for, and poll_asked_fence the fence then.
  // not_found_since: first of the answers in a row that there is no such repository. seen_ref: the ref that was last found there.
  await sql`
    alter table repositories
      add column poll_host text generated always as (split_part(remote_key, '/', 3)) stored,
      add column poll_after timestamptz not null default now(),
      add column poll_failures integer not null default 0,
      add column poll_asked text,
      add column poll_asked_fence bigint not null default 0,
      add column not_found_since timestamptz,
      add column seen_ref text,
      add column operational_code text`.execute(db);
  await sql`update repositories set seen_ref = ref where current_head <> ''`.execute(db);
  // By host first: each server has its own pace, and the backlog of one must not hide what is due at another.
  await sql`
    create index repositories_due on repositories (poll_host, poll_after)
      where admin_status = 'active' and update_policy = 'auto' and pinned_commit is null and poll_host <> ''`.execute(db);

  // Where a repository was found again, and what it follows since: the record of what the service changed of its own accord.
  await sql`
    create table repository_moves (
      id bigint generated always as identity primary key,
      organization_id uuid not null references organizations on delete cascade,
      repository_id uuid not null references repositories on delete cascade,
      what text not null check (what in ('address', 'ref')),
      was text not null,
      became text not null,
      reason text not null,
      created_at timestamptz not null default now()
    )`.execute(db);
  await sql`create index repository_moves_repository on repository_moves (repository_id, id)`.execute(db);

  await sql`
    create table poll_hosts (
      host text primary key,
      free_at timestamptz not null default now(),
      failing_since timestamptz,
      look_after timestamptz,
      paused_until timestamptz
    )`.execute(db);

  // The provider asked to wait: on its API, and on Git too.
  await sql`
    alter table credentials
      add column paused_until timestamptz,
      add column git_paused_until timestamptz`.execute(db);

  // missed_at: when a change was found that no delivery had told.
  await sql`
    alter table hooks
      add column audit_after timestamptz not null default now() + interval '1 hour',
      add column missed_at timestamptz`.execute(db);
  await sql`create index hooks_audit on hooks (audit_after)`.execute(db);
}
