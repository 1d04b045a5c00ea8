import { z } from 'zod';
import {
  askForRefresh,
  discoverInstallations,
  listShownApps,
  listShownInstallations,
  listShownRepositories,
  readApp,
  readInstallation,
  removeApp,
} from '#apps/manage.ts';
import { beginSetup } from '#apps/setup/setup.ts';
import type { Auth } from '#http/auth.ts';
import type { HttpDeps } from '#http/deps.ts';
import { readFlag, readListQuery, toPage } from '#http/query.ts';
import type { Api } from './shared.ts';
import { listQuery, requireId, unwrap } from './shared.ts';

const tags = ['github-apps'];
const inOrganization = z.object({ org: z.string() });
const oneOf = z.object({ org: z.string(), id: z.string() });
const setupBody = z
  .strictObject({
    url: z.string().max(2_048).describe('Base of the server; https://github.com unless said.'),
    account: z.string().max(100).describe('Login of the organization that is to own the App; else the user who confirms it.'),
    name: z.string().max(34).describe('Name of the App, unique at the server.'),
  })
  .partial();

/** GitHub Apps of an organization and where they are installed. Keys and secrets never come out. */
export function registerGithubApps(api: Api, deps: HttpDeps, auth: Auth): void {
  api.get(
    '/organizations/:org/github-apps',
    { config: { action: 'github-app:view' }, schema: { tags, params: inOrganization, summary: 'List GitHub Apps' } },
    async (request) => whole(await listShownApps(deps.apps, auth.actorOf(request))),
  );

  api.post(
    '/organizations/:org/github-apps/setup',
    {
      config: { action: 'github-app:manage' },
      schema: {
        tags,
        params: inOrganization,
        body: setupBody.nullish(),
        summary: 'Begin to register an App: answers with the page to open',
      },
    },
    async (request, reply) => reply.code(201).send(unwrap(await beginSetup(deps.apps, auth.actorOf(request), request.body ?? {}))),
  );

  api.get(
    '/organizations/:org/github-apps/:id',
    { config: { action: 'github-app:view' }, schema: { tags, params: oneOf, summary: 'Read a GitHub App, never its key' } },
    async (request) => unwrap(await readApp(deps.apps, auth.actorOf(request), requireId(request.params.id, 'GitHub App'))),
  );

  api.delete(
    '/organizations/:org/github-apps/:id',
    {
      config: { action: 'github-app:manage' },
      schema: {
        tags,
        params: oneOf,
        querystring: z.looseObject({ force: z.string().optional().describe('true: also when repositories use it') }),
        summary: 'Delete a GitHub App here',
      },
    },
    async (request, reply) => {
      const id = requireId(request.params.id, 'GitHub App');
      unwrap(await removeApp(deps.apps, auth.actorOf(request), id, { force: readFlag(request, 'force') }));
      return reply.code(204).send();
    },
  );

  api.post(
    '/organizations/:org/github-apps/:id/discover',
    {
      config: { action: 'github-app:manage' },
      schema: { tags, params: oneOf, body: z.strictObject({}).nullish(), summary: 'Ask GitHub where the App is installed' },
    },
    async (request) => unwrap(await discoverInstallations(deps.apps, auth.actorOf(request), requireId(request.params.id, 'GitHub App'))),
  );

  registerInstallations(api, deps, auth);
}

function registerInstallations(api: Api, deps: HttpDeps, auth: Auth): void {
  api.get(
    '/organizations/:org/app-installations',
    { config: { action: 'github-app:view' }, schema: { tags, params: inOrganization, summary: 'List installations of GitHub Apps' } },
    async (request) => whole(await listShownInstallations(deps.apps, auth.actorOf(request))),
  );

  api.get(
    '/organizations/:org/app-installations/:id',
    { config: { action: 'github-app:view' }, schema: { tags, params: oneOf, summary: 'Read an installation' } },
    async (request) => unwrap(await readInstallation(deps.apps, auth.actorOf(request), requireId(request.params.id, 'installation'))),
  );

  api.post(
    '/organizations/:org/app-installations/:id/refresh',
    {
      config: { action: 'github-app:manage' },
      schema: { tags, params: oneOf, body: z.strictObject({}).nullish(), summary: 'Have GitHub asked how the installation stands' },
    },
    async (request, reply) =>
      reply.code(202).send(unwrap(await askForRefresh(deps.apps, auth.actorOf(request), requireId(request.params.id, 'installation')))),
  );

  api.get(
    '/organizations/:org/app-installations/:id/repositories',
    {
      config: { action: 'github-app:view' },
      schema: { tags, params: oneOf, querystring: listQuery, summary: 'List repositories that the installation reaches, or once did' },
    },
    async (request) => {
      const query = readListQuery(request, {});
      const id = requireId(request.params.id, 'installation');
      const { count, items } = unwrap(await listShownRepositories(deps.apps, auth.actorOf(request), id, query));
      return toPage(deps.links, request, query, count, items);
    },
  );
}

/** A list that is never long. */
function whole<T>(results: readonly T[]) {
  return { count: results.length, next: null, previous: null, results };
}
