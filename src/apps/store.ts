import type { Insertable, Kysely, Selectable, Updateable } from 'kysely';
import type { Database, Tx } from '#db/database.ts';
import type { Schema } from '#db/schema.ts';
import { databaseNow } from '#db/time.ts';

interface Reader {
  readonly kysely: Kysely<Schema>;
}

/** What is known of an App without its secrets. */
export type AppRow = Omit<Selectable<Schema['apps']>, 'sealed_private_key' | 'sealed_client_secret'> & {
  /** Of the hook that its deliveries come to. */
  readonly hook_id: string;
  readonly last_delivery_at: Date | null;
  readonly installations_count: number;
};

const COLUMNS = [
  'apps.id',
  'apps.organization_id',
  'apps.url',
  'apps.remote_id',
  'apps.slug',
  'apps.name',
  'apps.owner_login',
  'apps.html_url',
  'apps.client_id',
  'apps.source',
  'apps.state',
  'apps.state_detail',
  'apps.created_at',
  'apps.updated_at',
] as const;

function selectApps({ kysely }: Reader, organizationId: string) {
  return kysely
    .selectFrom('apps')
    .innerJoin('hooks', 'hooks.app_id', 'apps.id')
    .select(COLUMNS)
    .select(['hooks.id as hook_id', 'hooks.last_delivery_at'])
    .select((eb) =>
      eb
        .selectFrom('app_installations')
        .whereRef('app_installations.app_id', '=', 'apps.id')
        .where('app_installations.deleted_at', 'is', null)
        .select((count) => count.fn.countAll<number>().as('count'))
        .$asScalar()
        .$notNull()
        .as('installations_count'),
    )
    .where('apps.organization_id', '=', organizationId);
}

export async function listApps(reader: Reader, organizationId: string): Promise<readonly AppRow[]> {
  return selectApps(reader, organizationId).orderBy('apps.name').orderBy('apps.id').execute();
}

export async function findApp(reader: Reader, organizationId: string, id: string): Promise<AppRow | undefined> {
  return selectApps(reader, organizationId).where('apps.id', '=', id).executeTakeFirst();
}

/** With the sealed key, for whoever acts as the App. */
export async function findSealedApp(reader: Reader, id: string) {
  return reader.kysely
    .selectFrom('apps')
    .select(['id', 'organization_id', 'url', 'remote_id', 'name', 'slug', 'html_url', 'sealed_private_key'])
    .where('id', '=', id)
    .executeTakeFirst();
}

/** The App of that number at that server, with what it is sealed in. */
export async function findAppByRemote(reader: Reader, organizationId: string, url: string, remoteId: string) {
  return reader.kysely
    .selectFrom('apps')
    .innerJoin('hooks', 'hooks.app_id', 'apps.id')
    .select(['apps.id', 'apps.sealed_private_key', 'hooks.id as hook_id', 'hooks.sealed_secret', 'apps.source'])
    .where('apps.organization_id', '=', organizationId)
    .where('apps.url', '=', url)
    .where('apps.remote_id', '=', remoteId)
    .executeTakeFirst();
}

/** An App with the hook that its deliveries come to. */
export async function insertApp(
  tx: Tx,
  app: Insertable<Schema['apps']>,
  hook: { readonly id: string; readonly sealedSecret: Uint8Array },
): Promise<void> {
  await tx.kysely.insertInto('apps').values(app).execute();
  await tx.kysely
    .insertInto('hooks')
    .values({
      id: hook.id,
      organization_id: app.organization_id,
      app_id: app.id,
      provider: 'github',
      sealed_secret: hook.sealedSecret,
      secret_shown_at: databaseNow(),
      status: 'active',
    })
    .execute();
}

export async function updateApp(reader: Reader, id: string, change: Updateable<Schema['apps']>): Promise<void> {
  await reader.kysely
    .updateTable('apps')
    .set({ ...change, updated_at: databaseNow() })
    .where('id', '=', id)
    .execute();
}

export async function replaceHookSecret(tx: Tx, hookId: string, sealed: Uint8Array): Promise<void> {
  await tx.kysely.updateTable('hooks').set({ sealed_secret: sealed, updated_at: databaseNow() }).where('id', '=', hookId).execute();
}

/** With its installations and its hook; credentials of its installations are the caller's to delete before. */
export async function deleteApp(tx: Tx, id: string): Promise<void> {
  await tx.kysely.deleteFrom('apps').where('id', '=', id).execute();
}

/** More Apps of one number are on as many servers as that. */
const MOST_SERVERS = 20;

/** Hooks of the Apps of that number, on whichever server: a delivery names its App, and its signature says which of them it is. */
export async function listAppHooks(database: Database, remoteId: string): Promise<readonly string[]> {
  const rows = await database.kysely
    .selectFrom('apps')
    .innerJoin('hooks', 'hooks.app_id', 'apps.id')
    .select('hooks.id')
    .where('apps.remote_id', '=', remoteId)
    .orderBy('hooks.id')
    .limit(MOST_SERVERS)
    .execute();
  return rows.map(({ id }) => id);
}
