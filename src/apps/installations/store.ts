import type { Kysely, Selectable, Updateable } from 'kysely';
import { sql } from 'kysely';
import type { Database, Tx } from '#db/database.ts';
import type { Schema } from '#db/schema.ts';
import { databaseNow } from '#db/time.ts';
import type { InstalledRepository } from '#domain/event.ts';

interface Reader {
  readonly kysely: Kysely<Schema>;
}

export type InstallationRow = Selectable<Schema['app_installations']>;

/** An installation with its App's name and its credential's state, as it is shown. */
export type ShownInstallation = InstallationRow & {
  readonly app_name: string;
  readonly app_slug: string | null;
  readonly credential_name: string | null;
  readonly credential_state: string | null;
  readonly credential_reason: string | null;
  readonly credential_detail: string | null;
  readonly repositories_count: number;
};

export async function listInstallations(reader: Reader, organizationId: string): Promise<readonly ShownInstallation[]> {
  return selectShown(reader, organizationId).orderBy('app_installations.account_login').orderBy('app_installations.id').execute();
}

export async function findShownInstallation(reader: Reader, organizationId: string, id: string): Promise<ShownInstallation | undefined> {
  return selectShown(reader, organizationId).where('app_installations.id', '=', id).executeTakeFirst();
}

function selectShown({ kysely }: Reader, organizationId: string) {
  return kysely
    .selectFrom('app_installations')
    .innerJoin('apps', 'apps.id', 'app_installations.app_id')
    .leftJoin('credentials as c', 'c.id', 'app_installations.credential_id')
    .selectAll('app_installations')
    .select(['apps.name as app_name', 'apps.slug as app_slug', 'c.name as credential_name', 'c.state as credential_state'])
    .select(['c.reason as credential_reason', 'c.state_detail as credential_detail'])
    .select((eb) =>
      eb
        .selectFrom('app_installation_repositories as r')
        .whereRef('r.installation_id', '=', 'app_installations.id')
        .where('r.removed_at', 'is', null)
        .select((count) => count.fn.countAll<number>().as('count'))
        .$asScalar()
        .$notNull()
        .as('repositories_count'),
    )
    .where('app_installations.organization_id', '=', organizationId);
}

export async function findInstallation(reader: Reader, id: string): Promise<InstallationRow | undefined> {
  return reader.kysely.selectFrom('app_installations').selectAll().where('id', '=', id).executeTakeFirst();
}

/** Takes the row for this transaction. */
export async function lockInstallation(tx: Tx, id: string): Promise<InstallationRow | undefined> {
  return tx.kysely.selectFrom('app_installations').selectAll().where('id', '=', id).forUpdate().executeTakeFirst();
}

export interface NewInstallation {
  readonly id: string;
  readonly organizationId: string;
  readonly appId: string;
  readonly remoteId: string;
  readonly account: { readonly id: string; readonly login: string; readonly type: string };
}

/** Keeps an installation that somebody told of; one that is known keeps what is known of it. Its id. */
export async function keepInstallation(tx: Reader, { id, organizationId, appId, remoteId, account }: NewInstallation): Promise<string> {
  const row = await tx.kysely
    .insertInto('app_installations')
    .values({
      id,
      organization_id: organizationId,
      app_id: appId,
      remote_id: remoteId,
      account_id: account.id,
      account_login: account.login,
      account_type: account.type,
    })
    .onConflict((conflict) =>
      conflict.columns(['app_id', 'remote_id']).doUpdateSet({ account_login: account.login, updated_at: databaseNow() }),
    )
    .returning('id')
    .executeTakeFirstOrThrow();
  return row.id;
}

/** Keeps what the provider said of it; `gone`: that it is not there. */
export async function recordStanding(
  reader: Reader,
  id: string,
  { gone, ...change }: Omit<Updateable<Schema['app_installations']>, 'deleted_at' | 'refreshed_at'> & { readonly gone: boolean },
): Promise<void> {
  await reader.kysely
    .updateTable('app_installations')
    .set((eb) => ({
      ...change,
      deleted_at: gone ? eb.fn.coalesce('deleted_at', databaseNow()) : null,
      refreshed_at: databaseNow(),
      updated_at: databaseNow(),
    }))
    .where('id', '=', id)
    .execute();
}

/** Tokens that were minted before are used by nobody any more, in no process. */
export async function outdateTokens(reader: Reader, id: string): Promise<void> {
  await reader.kysely
    .updateTable('app_installations')
    .set((eb) => ({ generation: eb('generation', '+', 1) }))
    .where('id', '=', id)
    .execute();
}

/** What minting a token needs; undefined for an installation of another organization. */
export async function findMintable(database: Database, organizationSlug: string, id: string) {
  return database.kysely
    .selectFrom('app_installations as i')
    .innerJoin('organizations as o', 'o.id', 'i.organization_id')
    .select(['i.id', 'i.app_id', 'i.remote_id', 'i.generation', 'i.account_login'])
    .where('i.id', '=', id)
    .where('o.slug', '=', organizationSlug)
    .executeTakeFirst();
}

/** Whether the installation once reached that repository and does not any more. */
export async function wasRemoved(reader: Reader, installationId: string, remoteId: string): Promise<boolean> {
  const row = await reader.kysely
    .selectFrom('app_installation_repositories')
    .select('removed_at')
    .where('installation_id', '=', installationId)
    .where('remote_id', '=', remoteId)
    .executeTakeFirst();
  return row?.removed_at != null;
}

/**
 * Brings the list of what an installation reaches in line with what the provider says. Those that came (back) and those that went, by the
 * provider's ids.
 */
export async function replaceRepositories(
  tx: Tx,
  installation: Pick<InstallationRow, 'id' | 'organization_id'>,
  repositories: readonly InstalledRepository[],
): Promise<{ readonly added: readonly string[]; readonly removed: readonly string[] }> {
  const given = JSON.stringify(repositories.map(({ id, fullName, isPrivate }) => ({ id, name: fullName, private: isPrivate })));
  const { rows: added } = await sql<{ readonly remote_id: string }>`
    with given as (select distinct on (id) * from json_to_recordset(${given}::json) as g (id text, name text, private boolean) order by id),
    known as (
      select remote_id from app_installation_repositories where installation_id = ${installation.id} and removed_at is null
    ),
    kept as (
      insert into app_installation_repositories (installation_id, organization_id, remote_id, full_name, private)
      select ${installation.id}, ${installation.organization_id}, id, name, private from given
      on conflict (installation_id, remote_id) do update set full_name = excluded.full_name, private = excluded.private,
        added_at = case when app_installation_repositories.removed_at is null then app_installation_repositories.added_at
          else clock_timestamp() end,
        removed_at = null
      returning remote_id
    )
    select remote_id from kept where remote_id not in (select remote_id from known)`.execute(tx.kysely);
  const ids = repositories.map(({ id }) => id);
  const { rows: removed } = await sql<{ readonly remote_id: string }>`
    update app_installation_repositories set removed_at = clock_timestamp()
    where installation_id = ${installation.id} and removed_at is null and not (remote_id = any (${ids}::text[]))
    returning remote_id`.execute(tx.kysely);
  return { added: added.map((row) => row.remote_id), removed: removed.map((row) => row.remote_id) };
}

export interface ReachedRepository {
  readonly remote_id: string;
  readonly full_name: string;
  readonly private: boolean;
  readonly added_at: Date;
  readonly removed_at: Date | null;
  /** Registered here under these ids. */
  readonly registered: readonly { readonly id: string; readonly name: string }[];
}

/** A page of what an installation reaches, or once did, by name. */
export async function listReached(
  { kysely }: Reader,
  installationId: string,
  { limit, offset }: { readonly limit: number; readonly offset: number },
): Promise<{ readonly count: number; readonly rows: readonly ReachedRepository[] }> {
  const { rows } = await sql<ReachedRepository>`
    select a.remote_id, a.full_name, a.private, a.added_at, a.removed_at,
      coalesce((select json_agg(json_build_object('id', r.id, 'name', r.name) order by r.name) from repositories r
        where r.organization_id = a.organization_id and r.provider = 'github' and r.remote_id = a.remote_id), '[]') as registered
    from app_installation_repositories a where a.installation_id = ${installationId}
    order by a.full_name, a.remote_id limit ${limit} offset ${offset}`.execute(kysely);
  const { count } = await kysely
    .selectFrom('app_installation_repositories')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .where('installation_id', '=', installationId)
    .executeTakeFirstOrThrow();
  return { count, rows };
}

/** Stops what the credential does not reach any more, with the reason; which of them, by the provider's ids, or all. */
export async function pauseRepositories(
  tx: Tx,
  credentialId: string,
  reason: string,
  remoteIds: readonly string[] | 'all' = 'all',
): Promise<void> {
  await sql`
    update repositories set operational_state = 'error-cred', operational_code = 'AUTH_REVOKED', operational_reason = ${reason},
      operational_since = clock_timestamp()
    where credential_id = ${credentialId} and (operational_state <> 'error-cred' or operational_reason is distinct from ${reason})
      and (${remoteIds === 'all'} or remote_id = any (${remoteIds === 'all' ? [] : remoteIds}::text[]))`.execute(tx.kysely);
}

/** Stopped repositories of a credential that the installation reaches now, and that are imported without a person. */
export async function listResumable(tx: Tx, credentialId: string, remoteIds: readonly string[]): Promise<readonly string[]> {
  const rows = await tx.kysely
    .selectFrom('repositories')
    .select('id')
    .where('credential_id', '=', credentialId)
    .where('remote_id', 'in', remoteIds.length === 0 ? [''] : [...remoteIds])
    .where('operational_state', '=', 'error-cred')
    .where('admin_status', '=', 'active')
    .where('update_policy', '=', 'auto')
    .orderBy('id')
    .execute();
  return rows.map(({ id }) => id);
}

const LOOK_WITHIN_MS = 5 * 60_000;

/** Installations whose credential is to be looked at: by its time, or since it was refused. Of several processes one gets each. */
export async function claimDueInstallations(tx: Tx, most: number): Promise<readonly string[]> {
  const { rows } = await sql<{ readonly id: string }>`
    with due as (
      select c.id from credentials c where c.kind = 'app-installation' and (
        c.verify_after <= clock_timestamp()
        or (c.state not in ('revoked', 'expired') and c.verify_after > clock_timestamp() + ${LOOK_WITHIN_MS}::float8 * interval '1 millisecond'
          and exists (select from repositories r where r.credential_id = c.id and r.operational_state = 'error-cred'
            and r.operational_code <> 'AUTH_REVOKED' and r.operational_since > coalesce(c.checked_at, '-infinity'))))
      order by c.verify_after limit ${most} for update skip locked
    ), claimed as (
      update credentials set verify_after = clock_timestamp() + ${LOOK_WITHIN_MS}::float8 * interval '1 millisecond'
      where id in (select id from due) returning id
    )
    select i.id from app_installations i where i.credential_id in (select id from claimed)`.execute(tx.kysely);
  return rows.map(({ id }) => id);
}

/** Server that the App of an installation belongs to. */
export async function findAppServer(tx: Tx, appId: string): Promise<string> {
  const { url } = await tx.kysely.selectFrom('apps').select('url').where('id', '=', appId).executeTakeFirstOrThrow();
  return url;
}

export async function linkCredential(tx: Tx, id: string, credentialId: string): Promise<void> {
  await tx.kysely.updateTable('app_installations').set({ credential_id: credentialId }).where('id', '=', id).execute();
}

/** Credentials of an App's installations. */
export async function listCredentials(tx: Tx, appId: string): Promise<readonly string[]> {
  const rows = await tx.kysely
    .selectFrom('app_installations')
    .select('credential_id')
    .where('app_id', '=', appId)
    .where('credential_id', 'is not', null)
    .orderBy('credential_id')
    .execute();
  return rows.flatMap(({ credential_id: id }) => (id === null ? [] : [id]));
}
