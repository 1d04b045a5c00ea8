import type { Database } from '#db/database.ts';

export interface Candidate {
  readonly id: string;
  readonly name: string;
  readonly remote_url: string;
  readonly remote_id: string | null;
  readonly credential_id: string | null;
  /** Its own webhook at the provider. */
  readonly hook_remote_id: string | null;
}

export type Chosen = { readonly credentialId: string } | { readonly ids: readonly string[] };

/** Repositories of the organization that were chosen, by name. */
export async function listCandidates(database: Database, organizationId: string, chosen: Chosen, most: number) {
  const base = () => {
    const query = database.kysely.selectFrom('repositories as r').where('r.organization_id', '=', organizationId);
    return 'ids' in chosen ? query.where('r.id', 'in', [...chosen.ids]) : query.where('r.credential_id', '=', chosen.credentialId);
  };
  const rows: readonly Candidate[] = await base()
    .leftJoin('hooks as h', 'h.repository_id', 'r.id')
    .select(['r.id', 'r.name', 'r.remote_url', 'r.remote_id', 'r.credential_id', 'h.remote_id as hook_remote_id'])
    .orderBy('r.name')
    .limit(most)
    .execute();
  const { count } = await base()
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow();
  return { count, rows };
}

/** Whether an installation reaches that repository of the provider. */
export async function isInstalledOn(database: Database, credentialId: string, remoteId: string): Promise<boolean> {
  const row = await database.kysely
    .selectFrom('app_installation_repositories as a')
    .innerJoin('app_installations as i', 'i.id', 'a.installation_id')
    .select('a.remote_id')
    .where('i.credential_id', '=', credentialId)
    .where('a.remote_id', '=', remoteId)
    .where('a.removed_at', 'is', null)
    .executeTakeFirst();
  return row !== undefined;
}
