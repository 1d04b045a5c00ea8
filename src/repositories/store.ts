import type { Insertable, Kysely, Selectable, Updateable } from 'kysely';
import { sql } from 'kysely';
import { shownState } from '#credentials/checks/store.ts';
import type { Database, Tx } from '#db/database.ts';
import type { Schema } from '#db/schema.ts';
import { databaseNow, sinceChange } from '#db/time.ts';
import type { HookStatus } from '#domain/hook.ts';
import type { SyncState } from '#domain/words.ts';

export type NewRepository = Insertable<Schema['repositories']>;
export type RepositoryChange = Updateable<Schema['repositories']>;

/** A repository with the names of what it refers to. */
export interface RepositoryRow extends Selectable<Schema['repositories']> {
  readonly organization_slug: string;
  readonly credential_name: string | null;
  readonly credential_kind: string | null;
  readonly credential_state: string | null;
  readonly credential_detail: string | null;
  readonly hook_id: string | null;
  readonly hook_provider: string | null;
  readonly hook_status: HookStatus | null;
  readonly hook_reason: string | null;
  readonly hook_since: Date | null;
  readonly hook_checked_at: Date | null;
  readonly hook_remote_id: string | null;
}

/** State of one repository on one branch. */
export interface LineRow {
  readonly repository_id: string;
  readonly branch: string;
  readonly sync_state: SyncState;
  readonly commit_id: string | null;
  readonly good_commit_id: string | null;
  readonly last_success_at: Date | null;
  readonly error: unknown;
}

interface Reader {
  readonly kysely: Kysely<Schema>;
}

/** Repositories with the names of what they refer to: `r`, `o`, `c` and `h` are the repository, its organization, its credential and its hook. */
export function selectRepositories(kysely: Kysely<Schema>) {
  return kysely
    .selectFrom('repositories as r')
    .innerJoin('organizations as o', 'o.id', 'r.organization_id')
    .leftJoin('credentials as c', 'c.id', 'r.credential_id')
    .leftJoin('hooks as h', 'h.repository_id', 'r.id')
    .selectAll('r')
    .select([
      'o.slug as organization_slug',
      'c.name as credential_name',
      'c.kind as credential_kind',
      'c.state_detail as credential_detail',
      'h.id as hook_id',
      'h.provider as hook_provider',
      'h.status as hook_status',
      'h.status_detail as hook_reason',
      'h.status_since as hook_since',
      'h.checked_at as hook_checked_at',
      'h.remote_id as hook_remote_id',
    ])
    .select(shownState('c').as('credential_state'));
}

export async function findRepository(reader: Reader, organizationId: string, id: string): Promise<RepositoryRow | undefined> {
  return selectRepositories(reader.kysely).where('r.organization_id', '=', organizationId).where('r.id', '=', id).executeTakeFirst();
}

/** Takes the repository's row for this transaction; syncs that ask, begin or end meanwhile wait. */
export async function lockRepository(tx: Tx, organizationId: string, id: string): Promise<boolean> {
  const row = await tx.kysely
    .selectFrom('repositories')
    .select('id')
    .where('organization_id', '=', organizationId)
    .where('id', '=', id)
    .forUpdate()
    .executeTakeFirst();
  return row !== undefined;
}

export async function listLines(reader: Reader, repositoryIds: readonly string[]): Promise<readonly LineRow[]> {
  if (repositoryIds.length === 0) return [];
  return reader.kysely
    .selectFrom('lines')
    .innerJoin('branches', 'branches.id', 'lines.branch_id')
    .select([
      'lines.repository_id',
      'branches.name as branch',
      'lines.sync_state',
      'lines.commit_id',
      'lines.good_commit_id',
      'lines.last_success_at',
      'lines.error',
    ])
    .where('lines.repository_id', 'in', repositoryIds)
    .orderBy('branches.name')
    .execute();
}

/** Other repositories that share a name or slug with a candidate. */
export async function listNamesakes(
  tx: Tx,
  organizationId: string,
  candidate: { readonly id: string; readonly name: string; readonly slug: string },
) {
  return tx.kysely
    .selectFrom('repositories')
    .select(['name', 'slug'])
    .where('organization_id', '=', organizationId)
    .where('id', '!=', candidate.id)
    .where((eb) => eb.or([eb('name', '=', candidate.name), eb('slug', '=', candidate.slug)]))
    .execute();
}

/** Other repositories of the same remote and folder. */
export async function listSameRemote(
  tx: Tx,
  organizationId: string,
  candidate: { readonly id: string; readonly remoteKey: string; readonly pathPrefix: string },
) {
  return tx.kysely
    .selectFrom('repositories')
    .select(['name', 'provided_contents'])
    .where('organization_id', '=', organizationId)
    .where('id', '!=', candidate.id)
    .where('remote_key', '=', candidate.remoteKey)
    .where('path_prefix', '=', candidate.pathPrefix)
    .orderBy('name')
    .execute();
}

export async function insertRepository(tx: Tx, row: NewRepository): Promise<void> {
  await tx.kysely.insertInto('repositories').values(row).execute();
}

export async function updateRepository(tx: Tx, id: string, change: RepositoryChange): Promise<void> {
  await tx.kysely
    .updateTable('repositories')
    .set({ ...change, updated_at: databaseNow() })
    .where('id', '=', id)
    .execute();
}

/** Nothing is known of whether the remote can be reached, until somebody tries. */
export async function forgetReach(tx: Tx, id: string): Promise<void> {
  await tx.kysely
    .updateTable('repositories')
    .set({ operational_state: 'unknown', operational_code: null, operational_reason: null, operational_since: databaseNow() })
    .where('id', '=', id)
    .execute();
}

/** The hook as it is before it is registered: nothing is known of it at the new remote. */
export async function forgetRemoteHook(tx: Tx, repositoryId: string): Promise<void> {
  await tx.kysely
    .updateTable('hooks')
    .set({
      remote_id: null,
      status: 'not_configured',
      status_since: sinceChange('status', 'status_since', 'not_configured'),
      status_detail: 'Not registered at the new remote yet.',
      problems: '[]',
      checked_at: null,
      missed_count: 0,
      refused_count: 0,
      updated_at: databaseNow(),
    })
    .where('repository_id', '=', repositoryId)
    .execute();
}

/** Deletes the repository with its lines, objects, versions, hook, deliveries and reports; its job results stay, without it. */
export async function deleteRepository(tx: Tx, id: string): Promise<void> {
  await tx.kysely.deleteFrom('repositories').where('id', '=', id).execute();
}

/** Served objects by kind, and what else belongs to the repository alone. */
export async function countBelongings(reader: Reader, id: string) {
  const objects = await reader.kysely
    .selectFrom('object_versions as v')
    .innerJoin('lines as l', 'l.id', 'v.line_id')
    .select(['v.kind', (eb) => eb.fn.countAll<number>().as('count')])
    .where('l.repository_id', '=', id)
    .where('v.to_import', 'is', null)
    .groupBy('v.kind')
    .orderBy('v.kind')
    .execute();
  const deliveries = await reader.kysely
    .selectFrom('deliveries as d')
    .innerJoin('hooks as h', 'h.id', 'd.hook_id')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .where('h.repository_id', '=', id)
    .executeTakeFirstOrThrow();
  return { objects, deliveries: deliveries.count };
}

/** What reaching the remote needs, by repository alone: for jobs, which act for no user. */
export async function findRemote(database: Reader, id: string) {
  return database.kysely
    .selectFrom('repositories')
    .select(['id', 'organization_id', 'name', 'provider', 'provider_url', 'remote_url', 'remote_key', 'remote_id', 'credential_id'])
    .where('id', '=', id)
    .executeTakeFirst();
}

/** One registration or change at a time per organization, so that checks for names and overlaps hold until they are written. */
export async function lockOrganizationRepositories(tx: Tx, organizationId: string): Promise<void> {
  await tx.kysely.selectFrom('organizations').select('id').where('id', '=', organizationId).forNoKeyUpdate().execute();
}

/** Keeps the provider's id of a repository, which is learned once: another one later is another repository. */
export async function noteRemoteId(database: Database, id: string, remoteId: string): Promise<void> {
  await database.kysely
    .updateTable('repositories')
    .set({ remote_id: remoteId })
    .where('id', '=', id)
    .where('remote_id', 'is', null)
    .execute();
}

/** Those of the ids that name a repository. What is no id names none. */
export async function listKnownIds(database: Database, ids: readonly string[]): Promise<ReadonlySet<string>> {
  const rows = await database.kysely
    .selectFrom('repositories')
    .select('id')
    .where(sql<boolean>`id::text = any(${ids}::text[])`)
    .execute();
  return new Set(rows.map(({ id }) => id));
}
