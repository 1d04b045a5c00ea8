import { installationShape, shortRepository } from '#test/forge/github/apps/shapes.ts';
import { makeApp, type App, type AppInstallation } from '#test/forge/github/apps/state.ts';
import { rerequest } from '#test/forge/github/apps/check-runs.ts';
import { deliverToApp, redeliverToApp } from '#test/forge/github/apps/deliver.ts';
import type { Forge } from '#test/forge/forge.ts';
import type { Delivery } from '#test/forge/hooks/deliveries.ts';
import type { Repository } from '#test/forge/repositories.ts';
import { accountShape } from '#test/forge/github/shapes.ts';
import { installationChange, newApp, newInstallation } from '#test/forge/wire.ts';
import { control, ControlError, getRepository, repositoryParam, type ControlCall, type ControlEndpoint } from './endpoint.ts';

/** GitHub Apps: made by hand, installed on accounts, and what becomes of their installations. */
export const appControls: readonly ControlEndpoint[] = [
  control('POST', '/apps', createApp),
  control('GET', '/apps', ({ forge }) => [...forge.github.apps.apps.values()].map((app) => describeApp(app, false))),
  control('POST', '/installations', install),
  control('PATCH', '/installations/{id}', changeInstallation),
  control('GET', '/repositories/{owner}/{name}/check-runs/{sha}', listCheckRuns),
  control('POST', '/repositories/{owner}/{name}/check-runs/{id}/rerequest', (call) => {
    const run = call.forge.github.apps.checkRuns.find(({ id }) => id === Number(call.params['id']));
    if (run === undefined) throw new ControlError(404, `there is no check run ${call.params['id'] ?? ''}`);
    rerequest(call.forge, repositoryParam(call), run);
  }),
];

export interface AppView {
  readonly id: number;
  readonly slug: string;
  readonly name: string;
  readonly hook_url: string | null;
  readonly pem?: string;
  readonly webhook_secret?: string;
}

export interface CheckRunView {
  readonly id: number;
  readonly name: string;
  readonly status: string;
  readonly conclusion: string | null;
  readonly title: string | null;
  readonly summary: string | null;
  readonly details_url: string | null;
  readonly annotations: readonly unknown[];
}

export interface InstallationView {
  readonly id: number;
  readonly account: string;
}

async function createApp({ forge, json }: ControlCall): Promise<AppView> {
  const { owner, name, hook_url: hookUrl, permissions, events } = await json(newApp);
  const manifest = { name, url: 'https://app.example.test', hookUrl, permissions, events };
  const app = makeApp(forge.nextId(), forge.accounts.ensure(owner, 'Organization'), manifest);
  forge.github.apps.apps.set(app.id, app);
  return describeApp(app, true);
}

function listCheckRuns(call: ControlCall): readonly CheckRunView[] {
  const repository = repositoryParam(call);
  return call.forge.github.apps.checkRuns
    .filter((run) => run.repositoryId === repository.id && run.sha === call.params['sha'])
    .map(({ id, name, status, conclusion, title, summary, detailsUrl, annotations }) => ({
      id,
      name,
      status,
      conclusion,
      title,
      summary,
      details_url: detailsUrl,
      annotations,
    }));
}

function describeApp({ id, slug, name, hookUrl, pem, webhookSecret }: App, withSecrets: boolean): AppView {
  return { id, slug, name, hook_url: hookUrl, ...(withSecrets ? { pem, webhook_secret: webhookSecret } : {}) };
}

async function install({ forge, json }: ControlCall): Promise<InstallationView> {
  const spec = await json(newInstallation);
  const app = forge.github.apps.apps.get(spec.app);
  if (app === undefined) throw new ControlError(404, `there is no App ${spec.app}`);
  const account = forge.accounts.ensure(spec.account, 'Organization');
  if ([...forge.github.apps.installations.values()].some((one) => one.app.id === app.id && one.account.id === account.id))
    throw new ControlError(409, `the App is installed on ${account.login} already`);
  const chosen = spec.repositories === 'all' ? 'all' : new Set(spec.repositories.map((name) => getRepository(forge, name).id));
  const now = new Date();
  const installation: AppInstallation = {
    id: forge.nextId(),
    app,
    account,
    createdAt: now,
    updatedAt: now,
    repositories: chosen,
    permissions: spec.permissions === undefined ? app.permissions : { metadata: 'read', ...spec.permissions },
    suspendedAt: null,
  };
  forge.github.apps.installations.set(installation.id, installation);
  if (!spec.silent) tell(forge, installation, 'created', { repositories: repositoriesOf(forge, installation).map(shortRepository) });
  return { id: installation.id, account: account.login };
}

async function changeInstallation({ forge, params, json }: ControlCall): Promise<void> {
  const installation = forge.github.apps.installations.get(Number(params['id']));
  if (installation === undefined) throw new ControlError(404, `there is no installation ${params['id'] ?? ''}`);
  const { suspended, deleted, add, remove, permissions, silent } = await json(installationChange);
  installation.updatedAt = new Date();
  const say = (action: string, more = {}): void => void (silent || tell(forge, installation, action, more));
  if (permissions !== undefined) {
    installation.permissions = { metadata: 'read', ...permissions };
    say('new_permissions_accepted');
  }
  if (suspended !== undefined) {
    installation.suspendedAt = suspended ? new Date() : null;
    say(suspended ? 'suspend' : 'unsuspend');
  }
  if (add !== undefined) changeRepositories(forge, installation, 'added', add, silent);
  if (remove !== undefined) changeRepositories(forge, installation, 'removed', remove, silent);
  if (deleted === true) {
    forge.github.apps.installations.delete(installation.id);
    say('deleted', { repositories: repositoriesOf(forge, installation).map(shortRepository) });
  }
}

function changeRepositories(
  forge: Forge,
  installation: AppInstallation,
  action: 'added' | 'removed',
  names: readonly string[],
  silent: boolean,
): void {
  const changed = names.map((name) => getRepository(forge, name));
  const now = new Set(repositoriesOf(forge, installation).map(({ id }) => id));
  for (const { id } of changed) {
    if (action === 'added') now.add(id);
    else now.delete(id);
  }
  installation.repositories = now;
  if (silent) return;
  deliverToApp(forge, installation.app, 'installation_repositories', {
    action,
    installation: installationShape(forge.url, installation),
    repository_selection: 'selected',
    repositories_added: action === 'added' ? changed.map(shortRepository) : [],
    repositories_removed: action === 'removed' ? changed.map(shortRepository) : [],
    requester: null,
    sender: accountShape(forge.url, installation.account),
  });
}

function tell(forge: Forge, installation: AppInstallation, action: string, more: Readonly<Record<string, unknown>>): void {
  deliverToApp(forge, installation.app, 'installation', {
    action,
    installation: installationShape(forge.url, installation),
    ...more,
    sender: accountShape(forge.url, installation.account),
  });
}

function repositoriesOf(forge: Forge, { account, repositories }: AppInstallation): readonly Repository[] {
  return forge.repositories
    .list('github')
    .filter(({ id, owner }) => owner.id === account.id && (repositories === 'all' || repositories.has(id)));
}

/** A delivery of an App once more; undefined where it was none. */
export function deliverAgainToApp(forge: Forge, delivery: Delivery): Delivery | undefined {
  const app = forge.github.apps.apps.get(delivery.hookId ?? 0);
  return app === undefined ? undefined : redeliverToApp(forge, app, delivery);
}
