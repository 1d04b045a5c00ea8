import { v7 as newId } from 'uuid';
import type { Vault } from '#credentials/vault.ts';
import type { Database, Tx } from '#db/database.ts';
import { isFailure } from '#domain/failure.ts';
import { lockOrganization } from '#credentials/store.ts';
import { appPlace } from './open.ts';
import { saveApp, sealHookSecret } from './save.ts';
import { findAppByRemote, replaceHookSecret, updateApp } from './store.ts';

/** The App that the operator gives by Probot's variables. */
export interface EnvironmentApp {
  readonly appId: string;
  readonly privateKey: string;
  readonly webhookSecret: string;
  readonly url: string;
}

export interface EnvironmentDeps {
  readonly database: Database;
  readonly vault: Vault;
}

/** Keeps the App of the environment as every other is kept, so that all processes and the inbox know it; what was replaced there is replaced here. */
export async function keepEnvironmentApp(deps: EnvironmentDeps, organizationId: string, app: EnvironmentApp | undefined): Promise<void> {
  if (app === undefined) return;
  await deps.database.transaction(async (tx) => {
    await lockOrganization(tx, organizationId);
    const known = await findAppByRemote(tx, organizationId, app.url, app.appId);
    if (known === undefined) return insert(deps, tx, organizationId, app);
    const place = { id: known.id, organization_id: organizationId };
    const hookId = known.hook_id;
    if (!holds(deps.vault, known.sealed_private_key, appPlace(place, 'private_key'), app.privateKey) || known.source !== 'environment') {
      const sealed_private_key = deps.vault.seal(app.privateKey, appPlace(place, 'private_key'));
      await updateApp(tx, known.id, { sealed_private_key, source: 'environment', state: 'unverified', state_detail: null });
    }
    const hookPlace = { table: 'hooks', field: 'secret', rowId: hookId, organizationId } as const;
    if (!holds(deps.vault, known.sealed_secret, hookPlace, app.webhookSecret))
      await replaceHookSecret(tx, hookId, sealHookSecret(deps, { hookId, organizationId }, app.webhookSecret));
  });
}

function insert(deps: EnvironmentDeps, tx: Tx, organizationId: string, app: EnvironmentApp): Promise<void> {
  const unknown = { slug: undefined, ownerLogin: undefined, webUrl: undefined, clientId: undefined, clientSecret: undefined };
  const { appId, url, privateKey, webhookSecret } = app;
  const ids = { id: newId(), hookId: newId(), organizationId };
  return saveApp(deps, tx, {
    ...ids,
    ...unknown,
    url,
    remoteId: appId,
    name: `App ${appId}`,
    privateKey,
    webhookSecret,
    source: 'environment',
  });
}

/** A secret that no key opens any more is replaced as one that differs is. */
function holds(vault: Vault, sealed: Uint8Array, place: Parameters<Vault['open']>[1], secret: string): boolean {
  try {
    return vault.open(sealed, place) === secret;
  } catch (error) {
    if (isFailure(error)) return false;
    throw error;
  }
}
