import { z } from 'zod';
import { changeToken, replaceToken } from '#credentials/change-token.ts';
import { createToken, deleteToken, listTokens, readToken } from '#credentials/git-tokens.ts';
import { networkInput } from '#credentials/network/settings.ts';
import { GIT_TOKEN_FIELDS } from '#credentials/store.ts';
import { tokenSource } from '#credentials/token-source.ts';
import { tryToken, verifyToken } from '#credentials/verify-token.ts';
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
  token_from: tokenSource.describe('Instead of token: where the operator keeps the secret. It is read at every use.'),
  description: z.string().max(2_000),
  url: z.string().max(2_048).nullable().describe("Base of the provider's server; its public one unless said."),
  workspace: z.string().max(255).nullable(),
  username: z.string().max(255).nullable(),
  expires_at: z.string().nullable().describe('When the token ends, where its provider does not say.'),
  network: networkInput.nullable().describe('How its server is reached, where that is not by the machine’s own way.'),
  probe_repository: z
    .string()
    .max(1_024)
    .nullable()
    .describe('Full name of a repository to ask about, such as acme/net-config; else one that the token reaches.'),
  rotate_before_days: z.number().nullable().describe('Have GitLab replace the token by itself so many days before its end.'),
};
const created = z.strictObject({
  ...fields,
  token: fields.token.optional(),
  token_from: fields.token_from.optional(),
  description: fields.description.optional(),
  url: fields.url.optional(),
  workspace: fields.workspace.optional(),
  username: fields.username.optional(),
  expires_at: fields.expires_at.optional(),
  probe_repository: fields.probe_repository.optional(),
  network: fields.network.optional(),
  rotate_before_days: fields.rotate_before_days.optional(),
});
const tried = created.extend({ name: fields.name.optional() });
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
      schema: { tags, params: inOrganization, body: created, summary: 'Ask the provider about a Git token and keep it' },
    },
    async (request, reply) => {
      const actor = auth.actorOf(request);
      return reply.code(201).send(unwrap(await createToken(deps.gitTokens, actor, request.body)));
    },
  );

  registerVerification(api, deps, auth);

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
      const options = { force: readFlag(request, 'force') };
      const deleted = unwrap(await deleteToken(deps.gitTokens, actor, requireId(request.params.id, WHAT), options));
      // Whoever forced it is told what it took; where nothing used it there is nothing to say.
      return deleted.repositories.length === 0 ? reply.code(204).send() : reply.code(200).send(deleted);
    },
  );
}

/** Asking the provider what a token may do: with nothing saved, and for one that is. */
function registerVerification(api: Api, deps: HttpDeps, auth: Auth): void {
  api.post(
    '/organizations/:org/git-tokens/verify',
    {
      config: { action: 'git-token:manage' },
      schema: { tags, params: inOrganization, body: tried, summary: 'Ask the provider what a Git token may do, without saving it' },
    },
    async (request) => {
      const actor = auth.actorOf(request);
      return unwrap(await tryToken(deps.gitTokens, actor, request.body));
    },
  );

  api.post(
    '/organizations/:org/git-tokens/:id/verify',
    {
      config: { action: 'git-token:manage' },
      schema: { tags, params: oneOf, summary: 'Ask the provider what a saved Git token may do now' },
    },
    async (request) => {
      const actor = auth.actorOf(request);
      return unwrap(await verifyToken(deps.gitTokens, actor, requireId(request.params.id, WHAT)));
    },
  );
}
