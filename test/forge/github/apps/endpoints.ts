import type { Answer } from '#test/forge/http/exchange.ts';
import { compilePath, type PathPattern } from '#test/forge/http/route.ts';
import type { Forge } from '#test/forge/forge.ts';
import type { Repository } from '#test/forge/repositories.ts';
import { errorAnswer, notFound } from '#test/forge/github/errors.ts';
import { repositoryShape } from '#test/forge/github/shapes.ts';
import { appShape, installationShape } from './shapes.ts';
import { covers, newInstallationToken, type App, type AppInstallation, type Permissions } from './state.ts';

/** A request of an App as itself. */
export interface AppCall {
  readonly forge: Forge;
  readonly app: App;
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly body: Readonly<Record<string, unknown>>;
}

interface AppEndpoint {
  readonly method: string;
  readonly pattern: PathPattern;
  readonly handle: (call: AppCall) => Answer;
}

const TOKEN_LIFE_MS = 3_600_000;
const MAX_REPOSITORIES = 500;
const PAGE = 30;

export const appEndpoints: readonly AppEndpoint[] = [
  endpoint('GET', '/app', ({ forge, app }) => ({
    status: 200,
    body: { ...appShape(forge.url, app), installations_count: installationsOf(forge, app).length },
  })),
  endpoint('GET', '/app/installations', listInstallations),
  endpoint('GET', '/app/installations/{id}', (call) => withInstallation(call, (found) => shown(call, found))),
  endpoint('DELETE', '/app/installations/{id}', (call) => withInstallation(call, (found) => remove(call, found))),
  endpoint('POST', '/app/installations/{id}/access_tokens', (call) => withInstallation(call, (found) => mint(call, found))),
  endpoint('GET', '/app/hook/config', ({ app }) => ({
    status: 200,
    body: { url: app.hookUrl, content_type: 'json', insecure_ssl: '0', secret: '********' },
  })),
  endpoint('GET', '/repos/{owner}/{repo}/installation', (call) => findBy(call, ({ repository, found }) => covers(found, repository))),
  endpoint('GET', '/orgs/{login}/installation', (call) => findOf(call, 'Organization')),
  endpoint('GET', '/users/{login}/installation', (call) => findOf(call, 'User')),
];

function endpoint(method: string, path: string, handle: AppEndpoint['handle']): AppEndpoint {
  return { method, pattern: compilePath(path), handle };
}

function installationsOf({ github }: Pick<Forge, 'github'>, app: App): readonly AppInstallation[] {
  return [...github.apps.installations.values()].filter((installation) => installation.app.id === app.id);
}

function shown({ forge }: AppCall, installation: AppInstallation): Answer {
  return { status: 200, body: installationShape(forge.url, installation) };
}

/** Another App's installation is not there. */
function withInstallation(call: AppCall, use: (installation: AppInstallation) => Answer): Answer {
  const found = call.forge.github.apps.installations.get(Number(call.params['id']));
  return found === undefined || found.app.id !== call.app.id ? notFound() : use(found);
}

function listInstallations(call: AppCall): Answer {
  const all = installationsOf(call.forge, call.app);
  const size = Math.min(Number(call.query.get('per_page') ?? PAGE), 100);
  const page = Number(call.query.get('page') ?? 1);
  return {
    status: 200,
    body: all.slice((page - 1) * size, page * size).map((installation) => installationShape(call.forge.url, installation)),
  };
}

function findOf(call: AppCall, type: string): Answer {
  const login = (call.params['login'] ?? '').toLowerCase();
  const found = installationsOf(call.forge, call.app).find(({ account }) => account.login.toLowerCase() === login && account.type === type);
  return found === undefined ? notFound() : shown(call, found);
}

function findBy(call: AppCall, is: (pair: { readonly repository: Repository; readonly found: AppInstallation }) => boolean): Answer {
  const name = `${call.params['owner'] ?? ''}/${call.params['repo'] ?? ''}`;
  const repository = call.forge.repositories.find(name, 'github')?.repository;
  const found = repository === undefined ? undefined : installationsOf(call.forge, call.app).find((one) => is({ repository, found: one }));
  return found === undefined ? notFound() : shown(call, found);
}

function remove({ forge }: AppCall, { id }: AppInstallation): Answer {
  forge.github.apps.installations.delete(id);
  return { status: 204 };
}

/** A token of one hour for the installation, or for a part of what it may. */
function mint({ forge, app, body }: AppCall, installation: AppInstallation): Answer {
  if (installation.suspendedAt !== null) return errorAnswer(403, 'This installation has been suspended');
  const permissions = narrowPermissions(installation.permissions, body['permissions']);
  if (typeof permissions === 'string') return errorAnswer(422, permissions);
  const chosen = chooseRepositories(forge, installation, body);
  if (typeof chosen === 'string') return errorAnswer(422, chosen);
  const expires = new Date(Date.now() + TOKEN_LIFE_MS);
  const token = forge.tokens.add(
    {
      kind: 'fine-grained',
      token: newInstallationToken(app.id),
      login: `${app.slug}[bot]`,
      role: 'admin',
      revoked: false,
      sso_required: false,
      pending_approval: false,
      permissions: { ...permissions },
      repositories: 'all',
      expires_at: expires.toISOString(),
    },
    {
      id: installation.id,
      isSuspended: () => installation.suspendedAt !== null,
      isAlive: () => forge.github.apps.installations.has(installation.id),
      covers: (repository) => covers(installation, repository) && (chosen === undefined || chosen.includes(repository.id)),
    },
  );
  const named = (chosen ?? []).map((id) => forge.repositories.get(id, 'github')).filter((one) => one !== undefined);
  return {
    status: 201,
    body: {
      token: token.secret,
      expires_at: `${expires.toISOString().slice(0, 19)}Z`,
      permissions,
      repository_selection: installation.repositories === 'all' && chosen === undefined ? 'all' : 'selected',
      ...(chosen === undefined ? {} : { repositories: named.map((one) => repositoryShape(forge.url, one, undefined)) }),
    },
  };
}

function narrowPermissions(granted: Permissions, asked: unknown): Permissions | string {
  if (asked === undefined) return granted;
  if (typeof asked !== 'object' || asked === null) return "Invalid request.\n\nFor 'properties/permissions', is not an object.";
  const entries = Object.entries(asked);
  const tooMuch = entries.some(([name, level]) => granted[name] === undefined || (level === 'write' && granted[name] !== 'write'));
  if (tooMuch) return 'The permissions requested are not granted to this installation.';
  return Object.fromEntries(entries.map(([name, level]) => [name, level === 'write' ? 'write' : 'read']));
}

/** Ids of the repositories that were asked for; undefined: all of the installation's. */
function chooseRepositories(
  forge: Forge,
  installation: AppInstallation,
  { repository_ids: ids, repositories: names }: AppCall['body'],
): readonly number[] | string | undefined {
  if (ids === undefined && names === undefined) return undefined;
  const asked = [
    ...(Array.isArray(ids) ? ids.map((id) => forge.repositories.get(Number(id), 'github')) : []),
    ...(Array.isArray(names)
      ? names.map((name) => forge.repositories.find(`${installation.account.login}/${String(name)}`, 'github')?.repository)
      : []),
  ];
  if (asked.length > MAX_REPOSITORIES) return 'Invalid request.\n\nNo more than 500 repositories.';
  const bad = asked.some((one) => one === undefined || !covers(installation, one));
  if (bad) return 'There is at least one repository that does not exist or is not accessible to the parent installation.';
  return asked.flatMap((one) => (one === undefined ? [] : [one.id]));
}
