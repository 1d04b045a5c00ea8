import type { Answer } from '#test/forge/http/exchange.ts';
import { decode, matchPath } from '#test/forge/http/route.ts';
import type { Repository } from '#test/forge/repositories.ts';
import { decide, type Verdict } from './access.ts';
import { checkEndpoints } from './apps/check-runs.ts';
import { accountEndpoints } from './account.ts';
import { commentEndpoints } from './comments.ts';
import { commitCommentEndpoints } from './commit-comments.ts';
import { contentEndpoints } from './contents.ts';
import type { Call, RepositoryEndpoint } from './endpoint.ts';
import { errorAnswer, notFound } from './errors.ts';
import { acceptedHeaders } from './headers.ts';
import { deliveryEndpoints } from './hook-deliveries.ts';
import { hookEndpoints } from './hooks.ts';
import { apiBase } from './shapes.ts';
import { statusEndpoints } from './statuses.ts';

const repositoryEndpoints = [
  ...hookEndpoints,
  ...deliveryEndpoints,
  ...statusEndpoints,
  ...commentEndpoints,
  ...commitCommentEndpoints,
  ...contentEndpoints,
  ...checkEndpoints,
];

const BY_NAME = /^\/repos\/([^/]+\/[^/]+)(\/.*)?$/;
const BY_ID = /^\/repositories\/(\d+)(\/.*)?$/;

export function repositoryNameOf(path: string): string | undefined {
  return BY_NAME.exec(path)?.[1];
}

/** Finds what answers a path. HEAD is GET whose body nobody sends. */
export async function dispatch(call: Call, method: string, path: string): Promise<Answer> {
  const asked = method === 'HEAD' ? 'GET' : method;
  for (const endpoint of accountEndpoints) {
    const params = endpoint.method === asked ? matchPath(endpoint.pattern, path) : undefined;
    if (params === undefined) continue;
    const answer = call.caller === undefined && !endpoint.open ? requiresAuthentication() : await endpoint.handle({ ...call, params });
    return {
      ...answer,
      headers: { ...acceptedHeaders(call.caller, endpoint.accepted, ['allows_permissionless_access=true']), ...answer.headers },
    };
  }
  const named = BY_NAME.exec(path);
  const numbered = BY_ID.exec(path);
  const rest = named?.[2] ?? numbered?.[2] ?? '';
  const found = named === null ? undefined : call.forge.repositories.find(decode(named[1] ?? ''), 'github');
  const repository = found?.repository ?? call.forge.repositories.get(Number(numbered?.[1] ?? 0), 'github');
  return dispatchRepository(call, { method: asked, rest, repository, moved: found?.moved ?? false });
}

interface RepositoryPath {
  readonly method: string;
  readonly rest: string;
  readonly repository: Repository | undefined;
  readonly moved: boolean;
}

async function dispatchRepository(call: Call, { method, rest, repository, moved }: RepositoryPath): Promise<Answer> {
  const { forge, caller } = call;
  const match = findEndpoint(method, rest);
  if (match === undefined || repository === undefined) return notFound();
  const { endpoint, params } = match;
  const accepted = acceptedHeaders(caller, endpoint.need.scopes, endpoint.need.permissions);
  const verdict = decide(caller, repository, endpoint.need);
  if (verdict !== 'granted') return withHeaders(refuse(verdict, forge.url, repository, caller?.installation !== undefined), accepted);
  if (moved) return withHeaders(redirect(method, `${apiBase(forge.url)}/repositories/${repository.id}${rest}${call.url.search}`), accepted);
  if (repository.archived && method !== 'GET') return withHeaders(errorAnswer(403, 'Repository was archived so is read-only.'), accepted);
  const account = forge.accounts.ensure(caller?.login ?? 'ghost');
  return withHeaders(await endpoint.handle({ ...call, params, repository, account }), accepted);
}

function findEndpoint(
  method: string,
  path: string,
): { readonly endpoint: RepositoryEndpoint; readonly params: Readonly<Record<string, string>> } | undefined {
  for (const endpoint of repositoryEndpoints) {
    const params = endpoint.method === method ? matchPath(endpoint.pattern, path) : undefined;
    if (params !== undefined) return { endpoint, params };
  }
  return undefined;
}

function refuse(verdict: Exclude<Verdict, 'granted'>, url: string, { owner }: Repository, isApp: boolean): Answer {
  switch (verdict) {
    case 'hidden':
      return notFound();
    case 'unauthenticated':
      return requiresAuthentication();
    case 'denied':
      return errorAnswer(403, `Resource not accessible by ${isApp ? 'integration' : 'personal access token'}`);
    case 'sso': {
      const answer = errorAnswer(
        403,
        'Resource protected by organization SAML enforcement. You must grant your Personal Access token access to this organization.',
      );
      return { ...answer, headers: { 'X-GitHub-SSO': `required; url=${url}/orgs/${owner.login}/sso?authorization_request=AAAAAAAA` } };
    }
  }
}

/** To the number, which outlives every name. Only reads may change their method on the way, so others get 307. */
function redirect(method: string, target: string): Answer {
  const answer =
    method === 'GET' ? errorAnswer(301, 'Moved Permanently', { url: target }) : errorAnswer(307, 'Temporary Redirect', { url: target });
  return { ...answer, headers: { Location: target } };
}

function requiresAuthentication(): Answer {
  return errorAnswer(401, 'Requires authentication');
}

function withHeaders(answer: Answer, headers: Readonly<Record<string, string>>): Answer {
  return { ...answer, headers: { ...headers, ...answer.headers } };
}
