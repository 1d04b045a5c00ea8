import type { Answer } from '#test/forge/http/exchange.ts';
import { decode, matchPath } from '#test/forge/http/route.ts';
import type { Repository } from '#test/forge/repositories.ts';
import { hasRole, isVisible, missingScopes } from './access.ts';
import type { Call, RepositoryEndpoint } from './endpoint.ts';
import { hidden, lacksScope, noAdmin, noRoute, refusal, unauthorized } from './errors.ts';
import { hookEndpoints } from './hooks.ts';
import { ownEndpoints } from './own.ts';
import { pullEndpoints } from './pulls.ts';
import { reportEndpoints } from './reports.ts';
import { repositoryEndpoints } from './repositories.ts';
import { apiUrlOf } from './shapes.ts';
import { statusEndpoints } from './statuses.ts';
import { idOf } from './uuid.ts';

const endpointsOfRepositories = [...hookEndpoints, ...statusEndpoints, ...reportEndpoints, ...pullEndpoints, ...repositoryEndpoints];
const REPOSITORY = /^\/repositories\/([^/]+)\/([^/]+)(\/.*)?$/;

export function repositoryNameOf(path: string): string | undefined {
  const [, workspace, slug] = REPOSITORY.exec(path) ?? [];
  return workspace === undefined || slug === undefined ? undefined : `${decode(workspace)}/${decode(slug)}`;
}

/** What answered, and the scopes that the headers say it accepts. */
export interface Routed {
  readonly answer: Answer;
  readonly accepted: string;
}

/** Finds what answers a path, in the order: credential, scope, repository, role. */
export async function dispatch(call: Call, method: string, path: string): Promise<Routed> {
  const asked = method === 'HEAD' ? 'GET' : method;
  for (const endpoint of ownEndpoints) {
    const params = endpoint.method === asked ? matchPath(endpoint.pattern, path) : undefined;
    if (params !== undefined) return { answer: await endpoint.handle({ ...call, params }), accepted: endpoint.accepted };
  }
  const [, workspace = '', slug = '', rest = ''] = REPOSITORY.exec(path) ?? [];
  for (const endpoint of slug === '' ? [] : endpointsOfRepositories) {
    const params = endpoint.method === asked ? matchPath(endpoint.pattern, rest) : undefined;
    if (params === undefined) continue;
    const answer = await dispatchRepository({ ...call, params }, endpoint, { workspace: decode(workspace), slug: decode(slug), rest });
    return { answer, accepted: endpoint.need.legacy.join(', ') };
  }
  return { answer: noRoute(), accepted: '' };
}

interface Asked {
  readonly workspace: string;
  readonly slug: string;
  readonly rest: string;
}

async function dispatchRepository(call: Call, { need, handle }: RepositoryEndpoint, { workspace, slug, rest }: Asked): Promise<Answer> {
  const { forge, caller } = call;
  const found = findRepository(call, workspace, slug);
  const isOpen = need.public === true && found?.repository.private === false;
  const missing = caller === undefined || isOpen ? [] : missingScopes(caller, need);
  if (caller !== undefined && missing.length > 0) return lacksScope(missing, caller.scopes);
  if (found === undefined || !isVisible(caller, found.repository)) return hidden();
  const { repository, moved } = found;
  if (moved && !forge.bitbucket.settings.redirects) return hidden();
  if (moved) return { status: 301, headers: { Location: `${apiUrlOf(forge.url, repository)}${rest}${call.url.search}` } };
  if (!isOpen && caller === undefined) return unauthorized();
  if (!isOpen && caller !== undefined && !hasRole(caller, repository, need.role)) return noAdmin();
  const { requestsLeft } = forge.bitbucket.settings;
  if (requestsLeft === 0) return refusal(429, 'Rate limit for this resource has been exceeded');
  if (requestsLeft !== null) forge.bitbucket.settings.requestsLeft = requestsLeft - 1;
  return handle({ ...call, repository, account: forge.accounts.ensure(caller?.login ?? 'ghost') });
}

/** By its slug, or by its uuid whatever it is called now. */
function findRepository(
  { forge }: Call,
  workspace: string,
  slug: string,
): { readonly repository: Repository; readonly moved: boolean } | undefined {
  if (!slug.startsWith('{')) return forge.repositories.find(`${workspace}/${slug}`, 'bitbucket');
  const repository = forge.repositories.get(idOf(slug), 'bitbucket');
  return repository === undefined ? undefined : { repository, moved: false };
}
