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
