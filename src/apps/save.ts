import type { Vault } from '#credentials/vault.ts';
import type { Tx } from '#db/database.ts';
import { appPlace } from './open.ts';
import { insertApp } from './store.ts';

/** An App with its secrets, about to be kept. */
export interface NewApp {
  readonly id: string;
  /** Of its hook, which is in the address that GitHub was told. */
  readonly hookId: string;
  readonly organizationId: string;
  readonly url: string;
  readonly remoteId: string;
  readonly name: string;
  readonly slug: string | undefined;
  readonly ownerLogin: string | undefined;
  readonly webUrl: string | undefined;
  readonly clientId: string | undefined;
  readonly clientSecret: string | undefined;
  readonly privateKey: string;
  readonly webhookSecret: string;
  readonly source: 'manifest' | 'environment';
}

/** Seals what is secret and keeps the App with its hook. */
export async function saveApp({ vault }: { readonly vault: Pick<Vault, 'seal'> }, tx: Tx, app: NewApp): Promise<void> {
  const { id, organizationId, clientSecret } = app;
  const place = { id, organization_id: organizationId };
  await insertApp(
    tx,
    {
      id,
      organization_id: organizationId,
      url: app.url,
      remote_id: app.remoteId,
      name: app.name,
      slug: app.slug ?? null,
      owner_login: app.ownerLogin ?? null,
      html_url: app.webUrl ?? null,
      client_id: app.clientId ?? null,
      sealed_private_key: vault.seal(app.privateKey, appPlace(place, 'private_key')),
      sealed_client_secret: clientSecret === undefined ? null : vault.seal(clientSecret, appPlace(place, 'client_secret')),
      source: app.source,
    },
    { id: app.hookId, sealedSecret: sealHookSecret({ vault }, app, app.webhookSecret) },
  );
}

export function sealHookSecret(
  { vault }: { readonly vault: Pick<Vault, 'seal'> },
  { hookId, organizationId }: Pick<NewApp, 'hookId' | 'organizationId'>,
  secret: string,
): Uint8Array {
  return vault.seal(secret, { table: 'hooks', field: 'secret', rowId: hookId, organizationId });
}
