import type { Kysely } from 'kysely';
import { sql } from 'kysely';

/** Credentials, branches, repositories with the state of their syncs, and their hooks. */
export async function up(db: Kysely<unknown>): Promise<void> {
  // One table for every kind of credential, because a repository names any of them and names are unique across kinds.
  await sql`
    create table credentials (
      id uuid primary key,
      organization_id uuid not null references organizations on delete cascade,
      kind text not null check (kind in ('git-token', 'password', 'provider-configuration', 'app-installation')),
      user_id uuid references users on delete cascade,
      name text not null,
      description text not null default '',
      provider text not null check (provider in ('github', 'gitlab', 'bitbucket', 'plain')),
      url text,
      workspace text,
      username text,
      sealed_secret bytea not null,
      token_kind text not null default 'unknown',
      state text not null default 'unverified'
        check (state in ('ok', 'expiring', 'expired', 'revoked', 'insufficient', 'unverified')),
      reason text,
      capabilities jsonb not null default '{}',
      missing jsonb not null default '[]',
      scopes text[],
      expires_at timestamptz,
      expiry_source text not null default 'unknown' check (expiry_source in ('provider', 'user', 'none', 'unknown')),
      verified_at timestamptz,
      last_used_at timestamptz,
      created_at timestamptz not null default now(),
      updated_at timestamptz not null default now(),
      check ((kind = 'provider-configuration') = (user_id is not null))
    )`.execute(db);
  await sql`create unique index credentials_name on credentials (organization_id, name) where user_id is null`.execute(db);
  await sql`create unique index credentials_personal on credentials (organization_id, user_id, provider) where user_id is not null`.execute(
    db,
  );

  // A branch reads its parent as it was at sequence forked_at, so making one is O(1) and nothing that moves later shines through.
  await sql`
    create table branches (
      id uuid primary key,
      organization_id uuid not null references organizations on delete cascade,
      name text not null,
      parent_id uuid references branches,
      forked_at bigint,
      sequence bigint not null default 0,
      created_at timestamptz not null default now(),
      unique (organization_id, name),
      check ((parent_id is null) = (forked_at is null))
    )`.execute(db);

  // wanted, seen and fence are the whole of the queue's memory of a repository: see src/sync/turn.ts.
  await sql`
    create table repositories (
      id uuid primary key,
      organization_id uuid not null references organizations on delete cascade,
      name text not null,
      slug text not null,
      description text not null default '',
      tags jsonb not null default '[]',
      kind text not null default 'read-only' check (kind in ('read-only', 'repository')),
      provider text not null check (provider in ('github', 'gitlab', 'bitbucket', 'plain')),
      provider_url text,
      remote_url text not null,
      remote_key text not null,
      remote_id text,
      default_branch text,
      ref text not null default 'main',
      pinned_commit text,
      path_prefix text not null default '',
      provided_contents text[],
      credential_id uuid references credentials,
      credential_mode text not null default 'organization' check (credential_mode in ('organization', 'personal')),
      update_policy text not null default 'auto' check (update_policy in ('auto', 'notify', 'manual')),
      admin_status text not null default 'active' check (admin_status in ('active', 'inactive', 'staging')),
      operational_state text not null default 'unknown'
        check (operational_state in ('unknown', 'online', 'error-cred', 'error-connection', 'error')),
      operational_reason text,
      operational_since timestamptz not null default now(),
      current_head text not null default '',
      created_by uuid references users on delete set null,
      created_at timestamptz not null default now(),
      updated_at timestamptz not null default now(),
      wanted bigint not null default 0,
      seen bigint not null default 0,
      fence bigint not null default 0,
      running_until timestamptz,
      job_sent_at timestamptz,
      not_before timestamptz,
      failures integer not null default 0,
      pending_job_result_id uuid,
      running_job_result_id uuid,
      unique (organization_id, name),
      unique (organization_id, slug)
    )`.execute(db);
  await sql`create index repositories_unseen on repositories (id) where wanted > seen`.execute(db);
  await sql`create index repositories_remote on repositories (organization_id, remote_key)`.execute(db);
  await sql`create index repositories_credential on repositories (credential_id) where credential_id is not null`.execute(db);

  await sql`
    create table hooks (
      id uuid primary key,
      organization_id uuid not null references organizations on delete cascade,
      repository_id uuid not null unique references repositories on delete cascade,
      provider text not null check (provider in ('github', 'gitlab', 'bitbucket')),
      remote_id text,
      sealed_secret bytea not null,
      sealed_previous_secret bytea,
      previous_until timestamptz,
      secret_shown_at timestamptz,
      status text not null check (status in ('active', 'not_configured', 'misconfigured', 'unable_to_verify')),
      status_detail text,
      last_delivery_at timestamptz,
      created_at timestamptz not null default now(),
      updated_at timestamptz not null default now()
    )`.execute(db);
}
