import { sql } from 'kysely';
import type { Tx } from '#db/database.ts';
import { databaseNow } from '#db/time.ts';
import type { PushEvent, TagEvent } from '#domain/event.ts';
import type { HookRepository } from '#inbox/store.ts';

/** An App whose address a delivery came to. */
export interface AppTarget {
  readonly id: string;
  readonly organizationId: string;
  /** Base of the server that the App is at. */
  readonly url: string;
}

export async function findAppTarget(tx: Tx, hookId: string): Promise<AppTarget | undefined> {
  return tx.kysely
    .selectFrom('hooks')
    .innerJoin('apps', 'apps.id', 'hooks.app_id')
    .select(['apps.id', 'apps.organization_id as organizationId', 'apps.url'])
    .where('hooks.id', '=', hookId)
    .executeTakeFirst();
}

/** A repository that an App's delivery is about. */
export interface AppRepository extends HookRepository {
  /** It is reached by an installation of an App, and has no hook of its own that has to tell of it. */
  readonly through_app: boolean;
}

/** What is registered of repositories that an App is told of, by the provider's id, or by address while that is not known. */
export async function listAppRepositories(
  tx: Tx,
  app: AppTarget,
  named: { readonly id: string; readonly fullName: string },
): Promise<readonly AppRepository[]> {
  const { rows } = await sql<AppRepository>`
    select r.id, r.ref, r.remote_id, r.update_policy, r.admin_status, coalesce(c.kind = 'app-installation', false) as through_app,
      exists (select from hooks h where h.repository_id = r.id and (h.remote_id is not null or h.last_delivery_at is not null))
        and coalesce(c.kind, '') <> 'app-installation' as told_twice
    from repositories r left join credentials c on c.id = r.credential_id
    where r.organization_id = ${app.organizationId} and r.provider = 'github' and r.provider_url = ${app.url}
      and (r.remote_id = ${named.id} or (r.remote_id is null and lower(r.remote_key) = lower(${`${app.url}/${named.fullName}`})))
    order by r.id`.execute(tx.kysely);
  return rows;
}

/** Takes rows that are about to be asked for in one order for everyone, so that two batches never wait for each other in a circle. */
export async function lockRepositories(tx: Tx, ids: readonly string[]): Promise<void> {
  await tx.kysely.selectFrom('repositories').select('id').where('id', 'in', ids).orderBy('id').forUpdate().execute();
}

/** Deliveries of the App stand for those of a hook: repositories that it reaches are looked at as rarely as those with a hook that works. */
export async function noteThroughApp(tx: Tx, repositoryIds: readonly string[]): Promise<void> {
  for (const id of repositoryIds.toSorted()) {
    await tx.kysely
      .updateTable('hooks')
      .set({ last_delivery_at: databaseNow(), missed_count: 0 })
      .where('repository_id', '=', id)
      .execute();
  }
}

export interface Sighting {
  /** Every telling of this push by this way has its match by the other: the run that was asked for then is this one's too. */
  readonly isRepeated: boolean;
  readonly jobResultId: string | null;
}

/**
 * Notes that a push was told by the repository's own hook or by an App. The same push (ref, before and after) comes once by each: the
 * second is matched with the first, and a third, as when the branch went there and back, with none.
 */
export async function noteSighting(
  tx: Tx,
  repositoryId: string,
  { ref, before, after }: PushEvent | TagEvent,
  by: 'hook' | 'app',
): Promise<Sighting> {
  const [hook, app] = by === 'hook' ? [1, 0] : [0, 1];
  const { rows } = await sql<{ readonly by_hook: number; readonly by_app: number; readonly job_result_id: string | null }>`
    insert into push_sightings as s (repository_id, organization_id, ref, before, after, by_hook, by_app)
    select id, organization_id, ${ref}, ${before ?? ''}, ${after ?? ''}, ${hook}, ${app} from repositories where id = ${repositoryId}
    on conflict (repository_id, ref, before, after) do update
      set by_hook = s.by_hook + ${hook}, by_app = s.by_app + ${app}, seen_at = clock_timestamp()
    returning by_hook, by_app, job_result_id`.execute(tx.kysely);
  const [row] = rows;
  if (row === undefined) return { isRepeated: false, jobResultId: null };
  const [mine, other] = by === 'hook' ? [row.by_hook, row.by_app] : [row.by_app, row.by_hook];
  return { isRepeated: mine <= other, jobResultId: row.job_result_id };
}

const KEPT = sql`interval '1 day'`;

/** Keeps which run a push was the reason of, and forgets what is too old to be told again. */
export async function noteSightingRun(tx: Tx, repositoryId: string, { ref, before, after }: PushEvent | TagEvent, jobResultId: string) {
  await sql`
    update push_sightings set job_result_id = ${jobResultId}
    where repository_id = ${repositoryId} and ref = ${ref} and before = ${before ?? ''} and after = ${after ?? ''}`.execute(tx.kysely);
  await sql`delete from push_sightings where repository_id = ${repositoryId} and seen_at < clock_timestamp() - ${KEPT}`.execute(tx.kysely);
}
