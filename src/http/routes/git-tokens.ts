import { z } from 'zod';
import { changeToken, createToken, deleteToken, listTokens, readToken, replaceToken } from '#credentials/git-tokens.ts';
import { GIT_TOKEN_FIELDS } from '#credentials/store.ts';
import { PROVIDERS } from '#domain/words.ts';
import type { Auth } from '#http/auth.ts';
import type { HttpDeps } from '#http/deps.ts';
import { readFlag, readListQuery, toPage } from '#http/query.ts';
import type { Api } from './shared.ts';
import { listQuery, requireId, unwrap } from './shared.ts';

const tags = ['git-tokens'];
const inOrganization = z.object({ org: z.string() });
const oneOf = z.object({ org: z.string(), id: z.string() });
const WHAT = 'Git token';

const fields = {
  name: z.string(),
  provider: z.enum(PROVIDERS),
  token: z.string().describe('The secret. Never returned.'),
  description: z.string().max(2_000),
  url: z.string().max(2_048).nullable().describe("Base of the provider's server; its public one unless said."),
  workspace: z.string().max(255).nullable(),
  username: z.string().max(255).nullable(),
  expires_at: z.string().nullable().describe('When the token ends, as far as you know.'),
};
const created = z.strictObject({
  ...fields,
  description: fields.description.optional(),
  url: fields.url.optional(),
  workspace: fields.workspace.optional(),
  username: fields.username.optional(),
  expires_at: fields.expires_at.optional(),
});
const changed = z.strictObject(fields).partial();

/** Git tokens of an organization (document 003). The secret goes in and never comes out. */
export function registerGitTokens(api: Api, deps: HttpDeps, auth: Auth): void {
  api.get(
    '/organizations/:org/git-tokens',
    { config: { action: 'git-token:view' }, schema: { tags, params: inOrganization, querystring: listQuery, summary: 'List Git tokens' } },
    async (request) => {
      const actor = auth.actorOf(request);
      const query = readListQuery(request, GIT_TOKEN_FIELDS);
      const { count, items } = await listTokens(deps.gitTokens, actor, query);
      return toPage(deps.links, request, query, count, items);
    },
  );

  api.post(
    '/organizations/:org/git-tokens',
    {
      config: { action: 'git-token:manage' },
      schema: { tags, params: inOrganization, body: created, summary: 'Keep a Git token' },
    },
    async (request, reply) => {
      const actor = auth.actorOf(request);
      return reply.code(201).send(unwrap(await createToken(deps.gitTokens, actor, request.body)));
    },
  );

  api.get(
    '/organizations/:org/git-tokens/:id',
    { config: { action: 'git-token:view' }, schema: { tags, params: oneOf, summary: 'Read a Git token, never its secret' } },
    async (request) => {
      const actor = auth.actorOf(request);
      return unwrap(await readToken(deps.gitTokens, actor, requireId(request.params.id, WHAT)));
    },
  );

  api.patch(
    '/organizations/:org/git-tokens/:id',
    {
      config: { action: 'git-token:manage' },
      schema: { tags, params: oneOf, body: changed, summary: 'Change a Git token or replace its secret' },
    },
    async (request) => {
      const actor = auth.actorOf(request);
      return unwrap(await changeToken(deps.gitTokens, actor, requireId(request.params.id, WHAT), request.body));
    },
  );

  api.put(
    '/organizations/:org/git-tokens/:id',
    {
      config: { action: 'git-token:manage' },
      schema: { tags, params: oneOf, body: created, summary: 'Replace a Git token and its secret' },
    },
    async (request) => {
      const actor = auth.actorOf(request);
      return unwrap(await replaceToken(deps.gitTokens, actor, requireId(request.params.id, WHAT), request.body));
    },
  );

  api.delete(
    '/organizations/:org/git-tokens/:id',
    {
      config: { action: 'git-token:manage' },
      schema: {
        tags,
        params: oneOf,
        querystring: z.looseObject({ force: z.string().optional().describe('true: also when repositories use it') }),
        summary: 'Delete a Git token',
      },
    },
    async (request, reply) => {
      const actor = auth.actorOf(request);
      unwrap(await deleteToken(deps.gitTokens, actor, requireId(request.params.id, WHAT), { force: readFlag(request, 'force') }));
      return reply.code(204).send();
    },
  );
}
