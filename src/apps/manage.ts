import type { Database } from '#db/database.ts';
import type { Links } from '#domain/links.ts';
import { notFound, refuse } from '#domain/refusal.ts';
import type { Refusal } from '#domain/refusal.ts';
import { err, ok } from '#domain/result.ts';
import type { Result } from '#domain/result.ts';
import type { JobSender } from '#queue/queue.ts';
import { deleteCredential, listRepositoriesUsing, lockOrganization } from '#credentials/store.ts';
import { v7 as newId } from 'uuid';
import type { ShownApp } from './app.ts';
import { showApp, showInstallation, showReached } from './app.ts';
import { findShownInstallation, keepInstallation, listCredentials, listInstallations, listReached } from './installations/store.ts';
import type { OpenAppDeps } from './open.ts';
import { appsOf, openApp } from './open.ts';
import { deleteApp, findApp, listApps, updateApp } from './store.ts';

export interface AppDeps extends OpenAppDeps {
  readonly database: Database;
  readonly queue: JobSender;
  readonly links: Links;
}

interface Owner {
  readonly organizationId: string;
}

export async function listShownApps(deps: AppDeps, { organizationId }: Owner): Promise<readonly ShownApp[]> {
  const rows = await listApps(deps.database, organizationId);
  return rows.map((row) => showApp(deps.links, appsOf(deps), row));
}

export async function readApp(deps: AppDeps, { organizationId }: Owner, id: string): Promise<Result<ShownApp, Refusal>> {
  const row = await findApp(deps.database, organizationId, id);
  return row === undefined ? err(notFound('GitHub App')) : ok(showApp(deps.links, appsOf(deps), row));
}

/**
 * Deletes an App here; at GitHub it stays until somebody deletes it there. Refused while repositories are reached through it unless
 * forced; forced, they lose their credential. One of the environment comes back with the next start unless it is taken out there.
 */
export async function removeApp(
  deps: AppDeps,
  { organizationId }: Owner,
  id: string,
  { force }: { readonly force: boolean },
): Promise<Result<undefined, Refusal>> {
  return deps.database.transaction(async (tx) => {
    await lockOrganization(tx, organizationId);
    const row = await findApp(tx, organizationId, id);
    if (row === undefined) return err(notFound('GitHub App'));
    const credentialIds = await listCredentials(tx, id);
    const users = [];
    for (const credentialId of credentialIds) users.push(...(await listRepositoriesUsing(tx, credentialId)));
    if (users.length > 0 && !force) {
      const repositories = users.map((user) => ({ id: user.id, name: user.name }));
      return err(refuse('IN_USE', `${users.length} repositories are reached through the App "${row.name}".`, { repositories }));
    }
    const reason = `The GitHub App "${row.name}" was deleted here. Give the repository another credential.`;
    for (const credentialId of credentialIds) await deleteCredential(tx, { id: credentialId, reason });
    await deleteApp(tx, id);
    return ok(undefined);
  });
}

const ASK_WITHIN_MS = 15_000;

/** Asks GitHub where the App is installed, and then how each installation stands: for what no delivery told. */
export async function discoverInstallations(deps: AppDeps, { organizationId }: Owner, id: string): Promise<Result<ShownApp, Refusal>> {
  const row = await findApp(deps.database, organizationId, id);
  if (row === undefined) return err(notFound('GitHub App'));
  const signal = AbortSignal.timeout(ASK_WITHIN_MS);
  const { api } = await openApp(deps, id);
  const app = await api.readApp(signal);
  const installations = await api.listInstallations(signal);
  await deps.database.transaction(async (tx) => {
    await updateApp(tx, id, { slug: app.slug, owner_login: app.ownerLogin ?? null, html_url: app.webUrl, state: 'ok', state_detail: null });
    for (const { id: remoteId, account } of installations) {
      const installationId = await keepInstallation(tx, { id: newId(), organizationId, appId: id, remoteId, account });
      await deps.queue.send(tx, 'refresh-installation', { installationId });
    }
  });
  return readApp(deps, { organizationId }, id);
}

export async function listShownInstallations(deps: AppDeps, { organizationId }: Owner) {
  return (await listInstallations(deps.database, organizationId)).map(showInstallation);
}

export async function readInstallation(deps: AppDeps, { organizationId }: Owner, id: string) {
  const row = await findShownInstallation(deps.database, organizationId, id);
  return row === undefined ? err(notFound('installation')) : ok(showInstallation(row));
}

/** Has the provider asked how it stands, soon. */
export async function askForRefresh(deps: AppDeps, owner: Owner, id: string) {
  const row = await readInstallation(deps, owner, id);
  if (row.ok) await deps.database.transaction((tx) => deps.queue.send(tx, 'refresh-installation', { installationId: id }));
  return row;
}

/** What it reaches, and once did, each with what is registered of it here. */
export async function listShownRepositories(
  deps: AppDeps,
  { organizationId }: Owner,
  id: string,
  page: { readonly limit: number; readonly offset: number },
) {
  if ((await findShownInstallation(deps.database, organizationId, id)) === undefined) return err(notFound('installation'));
  const { count, rows } = await listReached(deps.database, id, page);
  return ok({ count, items: rows.map((row) => showReached(deps.links, row)) });
}
