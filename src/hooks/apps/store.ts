import type { Database } from '#db/database.ts';

/** Name of the App whose installation a repository is reached through, and which therefore is told of its pushes. */
export async function findDeliveringApp(database: Pick<Database, 'kysely'>, repositoryId: string): Promise<string | undefined> {
  const row = await database.kysely
    .selectFrom('repositories as r')
    .innerJoin('app_installations as i', 'i.credential_id', 'r.credential_id')
    .innerJoin('apps as a', 'a.id', 'i.app_id')
    .select('a.name')
    .where('r.id', '=', repositoryId)
    .executeTakeFirst();
  return row?.name;
}

/** Name of an App that is told of the repository's pushes beside the repository's own hook. */
export async function findDoublingApp(database: Pick<Database, 'kysely'>, repositoryId: string): Promise<string | undefined> {
  const row = await database.kysely
    .selectFrom('repositories as r')
    .innerJoin('hooks as h', 'h.repository_id', 'r.id')
    .innerJoin('app_installation_repositories as reached', (join) =>
      join.onRef('reached.organization_id', '=', 'r.organization_id').onRef('reached.remote_id', '=', 'r.remote_id'),
    )
    .innerJoin('app_installations as i', 'i.id', 'reached.installation_id')
    .innerJoin('apps as a', (join) => join.onRef('a.id', '=', 'i.app_id').onRef('a.url', '=', 'r.provider_url'))
    .select('a.name')
    .where('r.id', '=', repositoryId)
    .where('reached.removed_at', 'is', null)
    .where('i.deleted_at', 'is', null)
    .where('i.suspended_at', 'is', null)
    .where((eb) => eb.or([eb('h.remote_id', 'is not', null), eb('h.last_delivery_at', 'is not', null)]))
    .where((eb) =>
      eb.or([eb('i.credential_id', 'is', null), eb('r.credential_id', 'is', null), eb('i.credential_id', '!=', eb.ref('r.credential_id'))]),
    )
    .limit(1)
    .executeTakeFirst();
  return row?.name;
}
