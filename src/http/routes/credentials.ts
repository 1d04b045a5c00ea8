import { z } from 'zod';
import { networkInput } from '#credentials/network/settings.ts';
import { changePassword, createPassword, deletePassword, listPasswords, readPassword } from '#credentials/passwords/manage.ts';
import { tryPassword, verifyPassword } from '#credentials/passwords/verify.ts';
import { GIT_TOKEN_FIELDS } from '#credentials/store.ts';
import { tokenSource } from '#credentials/token-source.ts';
import type { Auth } from '#http/auth.ts';
import type { HttpDeps } from '#http/deps.ts';
import { readFlag, readListQuery, toPage } from '#http/query.ts';
import type { Api } from './shared.ts';
import { listQuery, requireId, unwrap } from './shared.ts';

const tags = ['credentials'];
const inOrganization = z.object({ org: z.string() });
const oneOf = z.object({ org: z.string(), id: z.string() });
const WHAT = 'credential';
const PATH = '/organizations/:org/credentials';

const changed = z
  .strictObject({
    name: z.string(),
    username: z.string().max(255),
    password: z.string().describe('The secret. Never returned.'),
    token_from: tokenSource.describe('Instead of password: where the operator keeps it. It is read at every use.'),
    description: z.string().max(2_000),
    url: z.string().max(2_048).describe('The server that it is for; that of the first repository that uses it unless said.'),
    network: networkInput.nullable().describe('How the server is reached, where that is not by the machine’s own way.'),
  })
  .partial();
const created = changed.required({ name: true, username: true });
const remote = z.string().max(2_048).describe('Address of a repository to try it at.');
const tried = changed.required({ username: true }).extend({ remote_url: remote });

/** Password credentials of an organization, for any Git server. The secret goes in and never comes out. */
export function registerCredentials(api: Api, deps: HttpDeps, auth: Auth): void {
  const view = { config: { action: 'git-token:view' } } as const;
  const manage = { config: { action: 'git-token:manage' } } as const;

  api.get(
    PATH,
    { ...view, schema: { tags, params: inOrganization, querystring: listQuery, summary: 'List password credentials' } },
    async (request) => {
      const actor = auth.actorOf(request);
      const query = readListQuery(request, GIT_TOKEN_FIELDS);
      const { count, items } = await listPasswords(deps.gitTokens, actor, query);
      return toPage(deps.links, request, query, count, items);
    },
  );

  api.post(
    PATH,
    { ...manage, schema: { tags, params: inOrganization, body: created, summary: 'Keep a user name and password' } },
    async (request, reply) => {
      const actor = auth.actorOf(request);
      return reply.code(201).send(unwrap(await createPassword(deps.gitTokens, actor, request.body)));
    },
  );

  api.post(
    `${PATH}/verify`,
    {
      ...manage,
      schema: { tags, params: inOrganization, body: tried, summary: 'Try a user name and password at a repository, without saving' },
    },
    async (request) => unwrap(await tryPassword(deps.gitTokens, auth.actorOf(request), request.body)),
  );

  api.post(
    `${PATH}/:id/verify`,
    {
      ...manage,
      schema: { tags, params: oneOf, body: z.strictObject({ remote_url: remote }), summary: 'Try a saved password at a repository' },
    },
    async (request) => {
      const id = requireId(request.params.id, WHAT);
      return unwrap(await verifyPassword(deps.gitTokens, auth.actorOf(request), id, request.body.remote_url));
    },
  );

  api.get(`${PATH}/:id`, { ...view, schema: { tags, params: oneOf, summary: 'Read a credential, never its secret' } }, async (request) =>
    unwrap(await readPassword(deps.gitTokens, auth.actorOf(request), requireId(request.params.id, WHAT))),
  );

  api.patch(
    `${PATH}/:id`,
    { ...manage, schema: { tags, params: oneOf, body: changed, summary: 'Change a credential or replace its secret' } },
    async (request) => {
      const id = requireId(request.params.id, WHAT);
      return unwrap(await changePassword(deps.gitTokens, auth.actorOf(request), id, request.body));
    },
  );

  const forced = z.looseObject({ force: z.string().optional().describe('true: also when repositories use it') });
  api.delete(
    `${PATH}/:id`,
    { ...manage, schema: { tags, params: oneOf, querystring: forced, summary: 'Delete a credential' } },
    async (request, reply) => {
      const id = requireId(request.params.id, WHAT);
      unwrap(await deletePassword(deps.gitTokens, auth.actorOf(request), id, { force: readFlag(request, 'force') }));
      return reply.code(204).send();
    },
  );
}
