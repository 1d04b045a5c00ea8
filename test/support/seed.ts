import { v7 as newId } from 'uuid';
import type { Database } from '#db/database.ts';
import type { ProviderId } from '#domain/words.ts';

export interface SeededOrganization {
  readonly organizationId: string;
  readonly userId: string;
  readonly branchId: string;
}

/** An organization with an owner and the branch `main`, as rows. */
export async function seedOrganization(database: Database, slug = `org-${newId()}`): Promise<SeededOrganization> {
  const organizationId = newId();
  const userId = newId();
  const branchId = newId();
  await database.kysely.insertInto('organizations').values({ id: organizationId, slug, name: slug }).execute();
  await database.kysely
    .insertInto('users')
    .values({ id: userId, email: `${userId}@example.com`, display_name: 'Owner' })
    .execute();
  await database.kysely.insertInto('members').values({ organization_id: organizationId, user_id: userId, role: 'owner' }).execute();
  await database.kysely.insertInto('branches').values({ id: branchId, organization_id: organizationId, name: 'main' }).execute();
  return { organizationId, userId, branchId };
}

/** A repository as a row; nothing is asked of the queue. */
export async function seedRepository(
  database: Database,
  organizationId: string,
  fields: { readonly name?: string; readonly remoteId?: string; readonly ref?: string } = {},
): Promise<string> {
  const id = newId();
  const name = fields.name ?? `repository-${id}`;
  await database.kysely
    .insertInto('repositories')
    .values({
      id,
      organization_id: organizationId,
      name,
      slug: name.replaceAll('-', '_'),
      provider: 'github',
      remote_url: `https://github.example.com/acme/${name}.git`,
      remote_key: `https://github.example.com/acme/${name}`,
      remote_id: fields.remoteId ?? null,
      ref: fields.ref ?? 'main',
    })
    .execute();
  return id;
}

/** A hook as a row, with bytes in place of a sealed secret. */
export async function seedHook(
  database: Database,
  organizationId: string,
  repositoryId: string,
  provider: ProviderId = 'github',
): Promise<string> {
  const id = newId();
  await database.kysely
    .insertInto('hooks')
    .values({
      id,
      organization_id: organizationId,
      repository_id: repositoryId,
      provider,
      sealed_secret: new Uint8Array([1]),
      status: 'active',
    })
    .execute();
  return id;
}
