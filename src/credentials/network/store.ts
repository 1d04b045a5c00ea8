import type { Selectable } from 'kysely';
import { sql } from 'kysely';
import type { Schema } from '#db/schema.ts';
import { databaseNow } from '#db/time.ts';
import type { Reader } from '#credentials/store.ts';

export type NetworkRow = Selectable<Schema['networks']>;

/** Whose network it is: a credential's or a repository's. */
export type NetworkOwner = { readonly credentialId: string } | { readonly repositoryId: string };

export async function findNetwork({ kysely }: Reader, owner: NetworkOwner): Promise<NetworkRow | undefined> {
  return kysely.selectFrom('networks').selectAll().where(columnOf(owner), '=', idOf(owner)).executeTakeFirst();
}

/** Who is to be reached: with which credential, for which repository. */
export interface NetworkUse {
  readonly credentialId?: string | null | undefined;
  readonly repositoryId?: string | undefined;
}

/** Those that count for a use, the repository's before the credential's: one question, since every look at a remote asks it. */
export async function findNetworks({ kysely }: Reader, { credentialId, repositoryId }: NetworkUse): Promise<readonly NetworkRow[]> {
  if (credentialId == null && repositoryId === undefined) return [];
  return kysely
    .selectFrom('networks')
    .selectAll()
    .where((eb) =>
      eb.or([
        ...(repositoryId === undefined ? [] : [eb('repository_id', '=', repositoryId)]),
        ...(credentialId == null ? [] : [eb('credential_id', '=', credentialId)]),
      ]),
    )
    .orderBy(sql`repository_id is null`)
    .execute();
}

/** Those of several owners of one kind, by the owner's id. */
export async function listNetworks(
  { kysely }: Reader,
  column: 'credential_id' | 'repository_id',
  ids: readonly string[],
): Promise<ReadonlyMap<string, NetworkRow>> {
  if (ids.length === 0) return new Map();
  const rows = await kysely.selectFrom('networks').selectAll().where(column, 'in', ids).execute();
  return new Map(rows.map((row) => [row[column] ?? '', row]));
}

export type NetworkValues = Pick<NetworkRow, 'id' | 'organization_id' | 'ca_certificate' | 'sealed_proxy_url' | 'tls_verify'>;

export async function putNetwork({ kysely }: Reader, owner: NetworkOwner, values: NetworkValues): Promise<void> {
  const { ca_certificate, sealed_proxy_url, tls_verify } = values;
  await kysely
    .insertInto('networks')
    .values({
      ...values,
      credential_id: 'credentialId' in owner ? owner.credentialId : null,
      repository_id: 'repositoryId' in owner ? owner.repositoryId : null,
    })
    .onConflict((conflict) =>
      conflict.column('id').doUpdateSet({ ca_certificate, sealed_proxy_url, tls_verify, updated_at: databaseNow() }),
    )
    .execute();
}

export async function removeNetwork({ kysely }: Reader, owner: NetworkOwner): Promise<void> {
  await kysely.deleteFrom('networks').where(columnOf(owner), '=', idOf(owner)).execute();
}

/** Credentials and repositories whose servers are believed whoever they are, by what they are and their names. */
export async function listUnverified({ kysely }: Reader): Promise<readonly { readonly what: string; readonly name: string }[]> {
  const { rows } = await sql<{ what: string; name: string }>`
    select case when n.credential_id is null then 'repository' else 'credential' end as what, coalesce(c.name, r.name) as name
    from networks n left join credentials c on c.id = n.credential_id left join repositories r on r.id = n.repository_id
    where n.tls_verify = false order by 1, 2`.execute(kysely);
  return rows;
}

function columnOf(owner: NetworkOwner): 'credential_id' | 'repository_id' {
  return 'credentialId' in owner ? 'credential_id' : 'repository_id';
}

function idOf(owner: NetworkOwner): string {
  return 'credentialId' in owner ? owner.credentialId : owner.repositoryId;
}
