import type { SealedColumn } from '#credentials/sealed-columns.ts';
import type { SecretPlace, Vault } from '#credentials/vault.ts';
import type { Database } from '#db/database.ts';
import { Failure } from '#domain/failure.ts';
import type { AppApi, AppProvider } from '#providers/app-contract.ts';
import type { Provider } from '#providers/contract.ts';
import { findSealedApp } from './store.ts';

export interface OpenAppDeps {
  readonly database: Database;
  readonly vault: Pick<Vault, 'open' | 'seal'>;
  readonly findProvider: (id: string) => Provider | undefined;
  /** Every call to a provider goes through this. */
  readonly fetch: typeof globalThis.fetch;
}

export interface OpenApp {
  readonly api: AppApi;
  readonly provider: AppProvider;
  readonly name: string;
}

/** An App at its provider. Throws Failure: SECRET_UNREADABLE, REPOSITORY_GONE where the App was deleted here. */
export async function openApp(deps: OpenAppDeps, appId: string): Promise<OpenApp> {
  const row = await findSealedApp(deps.database, appId);
  if (row === undefined)
    throw new Failure('AUTH_REVOKED', { message: 'The App was deleted here.', help: 'Give the repository another credential.' });
  const provider = appsOf(deps);
  const privateKey = deps.vault.open(row.sealed_private_key, appPlace(row, 'private_key'));
  const api = provider.connect({ url: row.url, appId: row.remote_id, privateKey, fetch: deps.fetch });
  return { api, provider, name: row.name };
}

/** The one provider that has Apps in this version. */
export function appsOf({ findProvider }: Pick<OpenAppDeps, 'findProvider'>): AppProvider {
  const provider = findProvider('github')?.apps;
  if (provider === undefined) throw new Error('github has no Apps');
  return provider;
}

export function appPlace(
  app: { readonly id: string; readonly organization_id: string },
  field: Extract<SealedColumn, { readonly table: 'apps' }>['field'],
): SecretPlace {
  return { table: 'apps', field, rowId: app.id, organizationId: app.organization_id };
}
