import type { Kysely } from 'kysely';
import { sql } from 'kysely';

/**
 * GitHub Apps, their installations, and the repositories that those reach. An App has one address for deliveries, so it has a hook as a
 * repository has: what is received and stored is the same for both, and a hook belongs to the one or the other.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table apps (
      id uuid primary key,
      organization_id uuid not null references organizations on delete cascade,
      url text not null,
      remote_id text not null check (remote_id ~ '^[0-9]{1,20}$'),
      slug text,
      name text not null,
      owner_login text,
      html_url text,
      client_id text,
      sealed_private_key bytea not null,
      sealed_client_secret bytea,
      source text not null check (source in ('manifest', 'environment')),
      state text not null default 'unverified' check (state in ('unverified', 'ok', 'refused')),
      state_detail text,
      created_at timestamptz not null default clock_timestamp(),
      updated_at timestamptz not null default clock_timestamp(),
      unique (organization_id, url, remote_id)
    )`.execute(db);
  await sql`alter table hooks
    alter column repository_id drop not null,
    add column app_id uuid unique references apps on delete cascade,
    add constraint hooks_belong check ((repository_id is null) <> (app_id is null))`.execute(db);
  // `generation` counts what makes tokens that were minted before worth less: a suspension, other permissions, another selection.
  await sql`
    create table app_installations (
      id uuid primary key,
      organization_id uuid not null references organizations on delete cascade,
      app_id uuid not null references apps on delete cascade,
      remote_id text not null,
      account_id text not null,
      account_login text not null,
      account_type text not null,
      repository_selection text not null default 'selected' check (repository_selection in ('all', 'selected')),
      permissions jsonb not null default '{}',
      html_url text,
      suspended_at timestamptz,
      deleted_at timestamptz,
      credential_id uuid references credentials on delete set null,
      generation integer not null default 1,
      refreshed_at timestamptz,
      created_at timestamptz not null default clock_timestamp(),
      updated_at timestamptz not null default clock_timestamp(),
      unique (app_id, remote_id)
    )`.execute(db);
  await sql`create unique index app_installations_credential on app_installations (credential_id) where credential_id is not null`.execute(
    db,
  );
  await sql`
    create table app_installation_repositories (
      installation_id uuid not null references app_installations on delete cascade,
      organization_id uuid not null references organizations on delete cascade,
      remote_id text not null,
      full_name text not null,
      private boolean not null,
      added_at timestamptz not null default clock_timestamp(),
      removed_at timestamptz,
      primary key (installation_id, remote_id)
    )`.execute(db);
  await sql`create index app_installation_repositories_remote on app_installation_repositories (organization_id, remote_id)`.execute(db);
  await sql`create index repositories_remote_id on repositories (organization_id, remote_id) where remote_id is not null`.execute(db);
  // Only hashes: whoever reads the database cannot go on with a registration that somebody began.
  await sql`
    create table app_setups (
      id uuid primary key,
      organization_id uuid not null references organizations on delete cascade,
      user_id uuid references users on delete cascade,
      url text not null,
      account text,
      name text not null,
      ticket_hash bytea not null unique,
      browser_hash bytea,
      state_hash bytea unique,
      expires_at timestamptz not null,
      used_at timestamptz,
      created_at timestamptz not null default clock_timestamp()
    )`.execute(db);
  // Pushes of repositories that are told of them twice, by their own hook and by an App.
  await sql`
    create table push_sightings (
      repository_id uuid not null references repositories on delete cascade,
      organization_id uuid not null references organizations on delete cascade,
      ref text not null,
      before text not null,
      after text not null,
      by_hook integer not null default 0,
      by_app integer not null default 0,
      job_result_id uuid,
      seen_at timestamptz not null default clock_timestamp(),
      primary key (repository_id, ref, before, after)
    )`.execute(db);
}
