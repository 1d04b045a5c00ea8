import type { Answer } from '#test/forge/http/exchange.ts';
import { compilePath } from '#test/forge/http/route.ts';
import { LEVELS } from './access.ts';
import type { OwnCall, OwnEndpoint } from './endpoint.ts';
import { forbidden, refusal } from './errors.ts';
import { textOf } from './input.ts';
import { gitlabNow } from './settings.ts';
import { userShape } from './shapes.ts';
import { isExpired, type GitlabToken } from './tokens.ts';

const SELF = '/personal_access_tokens/self';
const WEEK_MS = 7 * 24 * 60 * 60 * 1000;

/** What belongs to no project: the token, its user, the server. */
export const ownEndpoints: readonly OwnEndpoint[] = [
  endpoint('GET', SELF, 'any', withPersonalToken(readSelf)),
  endpoint('DELETE', SELF, 'any', withPersonalToken(revokeSelf)),
  endpoint('POST', `${SELF}/rotate`, ['api', 'self_rotate'], withPersonalToken(rotateSelf)),
  endpoint('POST', '/groups/{id}/access_tokens/self/rotate', ['api', 'self_rotate'], rotateGroupToken),
  endpoint('GET', '/user', ['api', 'read_api', 'read_user'], readUser),
  endpoint('GET', '/version', ['api', 'read_api', 'read_user', 'ai_features'], ({ forge }) => ({
    status: 200,
    body: versionOf(forge.gitlab.settings),
  })),
  endpoint('GET', '/metadata', ['api', 'read_api', 'read_user', 'ai_features'], ({ forge }) => ({
    status: 200,
    body: {
      ...versionOf(forge.gitlab.settings),
      kas: { enabled: false, externalUrl: null, externalK8sProxyUrl: null, version: null },
      enterprise: forge.gitlab.settings.version.endsWith('-ee'),
    },
  })),
];

/** The token as its owner sees it; a new secret is shown once. */
export function tokenShape({ gitlab }: OwnCall['forge'], token: GitlabToken, userId: number): Record<string, unknown> {
  const now = gitlabNow(gitlab.settings);
  return {
    id: token.id,
    name: token.name,
    revoked: token.revoked,
    created_at: token.createdAt.toISOString(),
    description: null,
    scopes: token.scopes,
    user_id: userId,
    last_used_at: now.toISOString(),
    active: !token.revoked && !isExpired(token, now),
    granular: token.granular,
    expires_at: token.expires_at,
    last_used_ips: ['127.0.0.1'],
    ...(token.kind === 'project' || token.kind === 'group' ? { access_level: LEVELS[token.role] } : {}),
  };
}

/** Revokes the old one at once: whoever loses the answer has none. */
export function rotate(call: OwnCall, wanted: string | undefined): Answer {
  const { forge, caller, account } = call;
  const now = gitlabNow(forge.gitlab.settings);
  const date = wanted ?? new Date(now.getTime() + WEEK_MS).toISOString().slice(0, 10);
  forge.gitlab.tokens.change(caller.id, { revoked: true });
  const { id: _id, secret: _secret, createdAt: _createdAt, ...spec } = caller;
  const token = forge.gitlab.tokens.add({ ...spec, expires_at: date }, undefined);
  return { status: 200, body: { ...tokenShape(forge, token, account.id), token: token.secret } };
}

function endpoint(method: string, path: string, scopes: OwnEndpoint['scopes'], handle: OwnEndpoint['handle']): OwnEndpoint {
  return { method, pattern: compilePath(path), scopes, handle };
}

/** Tokens of projects and groups are personal ones of bots; an OAuth token is not. */
function withPersonalToken(handle: OwnEndpoint['handle']): OwnEndpoint['handle'] {
  return (call) =>
    call.caller.kind === 'oauth'
      ? refusal(400, '400 Bad request - This endpoint requires token type to be a personal access token')
      : handle(call);
}

function readSelf({ forge, caller, account }: OwnCall): Answer {
  return { status: 200, body: tokenShape(forge, caller, account.id) };
}

function revokeSelf({ forge, caller }: OwnCall): Answer {
  forge.gitlab.tokens.change(caller.id, { revoked: true });
  return { status: 204 };
}

/** Bots rotate where their project or group is. */
function rotateSelf(call: OwnCall): Answer {
  if (call.caller.kind !== 'personal') return refusal(405, '405 Method Not Allowed');
  return rotate(call, textOf(call.input, 'expires_at'));
}

function rotateGroupToken(call: OwnCall): Answer {
  if (call.caller.kind !== 'group') return refusal(405, '405 Method Not Allowed');
  return rotate(call, textOf(call.input, 'expires_at'));
}

function readUser({ forge, account, caller }: OwnCall): Answer {
  if (caller.kind === 'deploy') return forbidden();
  const bot = caller.kind === 'project' || caller.kind === 'group';
  return {
    status: 200,
    body: {
      ...userShape(forge.url, account),
      bot,
      created_at: account.createdAt.toISOString(),
      email: `${account.login}@noreply.example.test`,
    },
  };
}

function versionOf({ version }: { readonly version: string }): Record<string, unknown> {
  return { version, revision: '0a1b2c3d4e5' };
}
