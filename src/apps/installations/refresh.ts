import type { Database, Tx } from '#db/database.ts';
import { isFailure } from '#domain/failure.ts';
import type { Failure } from '#domain/failure.ts';
import type { InstalledRepository } from '#domain/event.ts';
import type { JobPayloads } from '#queue/jobs.ts';
import type { JobSender } from '#queue/queue.ts';
import { askForSync } from '#queue/ask.ts';
import type { RemoteInstallation } from '#providers/app-contract.ts';
import { resumeRepositories } from '#credentials/resume.ts';
import { openApp } from '#apps/open.ts';
import type { OpenApp, OpenAppDeps } from '#apps/open.ts';
import { updateApp } from '#apps/store.ts';
import { recordDead, recordLiving } from './credential.ts';
import { ADD_AGAIN, removedFrom } from './mint.ts';
import type { InstallationRow } from './store.ts';
import {
  findInstallation,
  listResumable,
  lockInstallation,
  outdateTokens,
  pauseRepositories,
  recordStanding,
  replaceRepositories,
} from './store.ts';

export interface RefreshDeps extends OpenAppDeps {
  readonly database: Database;
  readonly queue: JobSender;
}

/** What the provider says of an installation now. */
type Standing =
  | { readonly is: 'alive'; readonly remote: RemoteInstallation; readonly repositories: readonly InstalledRepository[] }
  | { readonly is: 'suspended'; readonly remote: RemoteInstallation }
  | { readonly is: 'removed' }
  | { readonly is: 'refused'; readonly failure: Failure };

/**
 * Asks the provider how an installation stands and brings everything here in line with it: what it may, what it reaches, its credential,
 * and whether its repositories go on. Whatever event or refusal was the reason, and in whatever order they came, only the answer counts;
 * so it may run twice, and two at once end alike. What passes by itself is thrown for the queue to repeat.
 */
export async function refreshInstallation(
  deps: RefreshDeps,
  { installationId }: JobPayloads['refresh-installation'],
  signal: AbortSignal,
): Promise<void> {
  const row = await findInstallation(deps.database, installationId);
  if (row === undefined) return;
  const app = await openApp(deps, row.app_id);
  const standing = await look(app, row, signal);
  await deps.database.transaction(async (tx) => {
    const locked = await lockInstallation(tx, row.id);
    if (locked === undefined) return;
    // Somebody else looked later than this look began: what it saw is newer.
    if (locked.refreshed_at !== null && (row.refreshed_at === null || locked.refreshed_at > row.refreshed_at)) {
      await deps.queue.send(tx, 'refresh-installation', { installationId });
      return;
    }
    await record(deps, tx, locked, app, standing);
  });
}

async function look({ api }: OpenApp, row: InstallationRow, signal: AbortSignal): Promise<Standing> {
  try {
    const remote = await api.readInstallation(row.remote_id, signal);
    if (remote === undefined) return { is: 'removed' };
    if (remote.suspendedAt !== undefined) return { is: 'suspended', remote };
    const { token } = await api.mintToken(row.remote_id, signal);
    return { is: 'alive', remote, repositories: await api.listRepositories(token, signal) };
  } catch (error) {
    if (isFailure(error) && error.code === 'AUTH_FAILED') return { is: 'refused', failure: error };
    throw error;
  }
}

async function record(deps: RefreshDeps, tx: Tx, row: InstallationRow, app: OpenApp, standing: Standing): Promise<void> {
  // Another selection, other permissions, a suspension: a token from before is good for none of it.
  await outdateTokens(tx, row.id);
  switch (standing.is) {
    case 'removed':
      await recordStanding(tx, row.id, { gone: true });
      await stop(tx, row, 'installation_removed', `The App was uninstalled from ${row.account_login}.`, 'Install it there again.');
      return;
    case 'suspended':
      await recordStanding(tx, row.id, { ...toColumns(standing.remote), gone: false });
      await stop(
        tx,
        row,
        'installation_suspended',
        `The App's installation on ${row.account_login} is suspended.`,
        'Unsuspend it at GitHub.',
      );
      return;
    case 'refused':
      await updateApp(tx, row.app_id, { state: 'refused', state_detail: standing.failure.message });
      await stop(tx, row, 'bad_credentials', standing.failure.message, standing.failure.help);
      return;
    case 'alive':
      await updateApp(tx, row.app_id, { state: 'ok', state_detail: null });
      await recordStanding(tx, row.id, { ...toColumns(standing.remote), gone: false });
      await goOn(deps, tx, row, app, standing);
  }
}

function toColumns({ account, selection, permissions, suspendedAt, webUrl }: RemoteInstallation) {
  return {
    account_id: account.id,
    account_login: account.login,
    account_type: account.type,
    repository_selection: selection,
    permissions: JSON.stringify(permissions),
    suspended_at: suspendedAt ?? null,
    html_url: webUrl ?? null,
  };
}

type Dead = 'installation_removed' | 'installation_suspended' | 'bad_credentials';

async function stop(tx: Tx, { credential_id: id }: InstallationRow, reason: Dead, what: string, help: string): Promise<void> {
  if (id === null) return;
  const detail = `${what} ${help}`;
  await recordDead(tx, id, reason, detail);
  await pauseRepositories(tx, id, detail);
}

async function goOn(
  { queue, vault }: RefreshDeps,
  tx: Tx,
  row: InstallationRow,
  { provider, name }: OpenApp,
  { remote, repositories }: Extract<Standing, { readonly is: 'alive' }>,
): Promise<void> {
  const { added, removed } = await replaceRepositories(tx, row, repositories);
  const judgement = provider.judge(remote.permissions, remote.webUrl);
  const { id, wasDead } = await recordLiving({ vault }, tx, row, { appName: name, account: remote.account.login, judgement });
  if (wasDead) await resumeRepositories(queue, tx, id);
  else for (const repositoryId of await listResumable(tx, id, added)) await askForSync(queue, tx, { repositoryId, reason: 'changed' });
  await pauseRepositories(tx, id, `${removedFrom(remote.account.login)} ${ADD_AGAIN}`, removed);
}
