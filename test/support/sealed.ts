import { v7 as newId } from 'uuid';
import type { SealedColumn } from '#credentials/sealed-columns.ts';
import { SEALED_COLUMNS } from '#credentials/sealed-columns.ts';
import type { SecretPlace, Vault } from '#credentials/vault.ts';
import type { Database } from '#db/database.ts';
import type { SealedRow } from '#rekey/store.ts';
import { listSealed } from '#rekey/store.ts';
import { seedRepository } from './seed.ts';

/** A Git token as a row, its secret sealed by this vault. */
export async function seedToken(database: Database, vault: Vault, organizationId: string, secret: string, name?: string): Promise<string> {
  const [id] = await seedTokens(database, vault, organizationId, [secret], name);
  if (id === undefined) throw new Error('no token was made');
  return id;
}

export async function seedTokens(
  database: Database,
  vault: Vault,
  organizationId: string,
  secrets: readonly string[],
  name?: string,
): Promise<readonly string[]> {
  const rows = secrets.map((secret) => {
    const id = newId();
    const place: SecretPlace = { table: 'credentials', field: 'secret', rowId: id, organizationId };
    return {
      id,
      organization_id: organizationId,
      kind: 'git-token' as const,
      name: name ?? `token-${id}`,
      provider: 'github' as const,
      sealed_secret: vault.seal(secret, place),
    };
  });
  for (let at = 0; at < rows.length; at += 500) {
    await database.kysely
      .insertInto('credentials')
      .values(rows.slice(at, at + 500))
      .execute();
  }
  return rows.map(({ id }) => id);
}

/** A repository's hook with a current key and the one before; until when that one is taken, in milliseconds from now. */
export async function seedSealedHook(
  database: Database,
  vault: Vault,
  organizationId: string,
  { secret, previous, previousMs = 3_600_000 }: { readonly secret: string; readonly previous: string; readonly previousMs?: number },
): Promise<string> {
  const repositoryId = await seedRepository(database, organizationId);
  const id = newId();
  const place = (field: SecretPlace['field']): SecretPlace => ({ table: 'hooks', field, rowId: id, organizationId });
  await database.kysely
    .insertInto('hooks')
    .values({
      id,
      organization_id: organizationId,
      repository_id: repositoryId,
      provider: 'github',
      sealed_secret: vault.seal(secret, place('secret')),
      sealed_previous_secret: vault.seal(previous, place('previous_secret')),
      previous_until: new Date(Date.now() + previousMs),
      status: 'active',
    })
    .execute();
  return id;
}

/** A credential's proxy, its address sealed by this vault. */
export async function seedProxy(
  database: Database,
  vault: Vault,
  organizationId: string,
  credentialId: string,
  url: string,
): Promise<string> {
  const id = newId();
  const place: SecretPlace = { table: 'networks', field: 'proxy_url', rowId: id, organizationId };
  await database.kysely
    .insertInto('networks')
    .values({ id, organization_id: organizationId, credential_id: credentialId, sealed_proxy_url: vault.seal(url, place) })
    .execute();
  return id;
}

/** Every sealed secret of the database with where it stands. */
export async function everySealed(database: Database): Promise<readonly (SealedRow & { readonly column: SealedColumn })[]> {
  const all = [];
  for (const column of SEALED_COLUMNS) {
    const rows = await listSealed(database, column, { after: undefined, limit: 100_000 });
    all.push(...rows.map((row) => ({ ...row, column })));
  }
  return all;
}

/** What each of them says to this vault, by column and row; an error where it says nothing. */
export async function openEvery(database: Database, vault: Vault): Promise<Readonly<Record<string, string>>> {
  const opened: Record<string, string> = {};
  for (const { column, id, organizationId, sealed } of await everySealed(database)) {
    opened[`${column.table}.${column.field} ${id}`] = vault.open(sealed, { ...column, rowId: id, organizationId });
  }
  return opened;
}
