import type { Answer } from '#test/forge/http/exchange.ts';
import { decode, matchPath } from '#test/forge/http/route.ts';
import type { Repository } from '#test/forge/repositories.ts';
import { decide, hasScope } from './access.ts';
import type { Call, ProjectEndpoint } from './endpoint.ts';
import { forbidden, insufficientScope, noRoute, notFound, parameterError, refusal, unauthorized } from './errors.ts';
import { commitDiscussionEndpoints } from './commit-discussions.ts';
import { hookEndpoints } from './hooks.ts';
import { hookEventEndpoints } from './hook-events.ts';
import { noteEndpoints } from './notes.ts';
import { ownEndpoints } from './own.ts';
import { listProjects, projectEndpoints } from './projects.ts';
import { apiUrlOf } from './shapes.ts';
import { statusEndpoints } from './statuses.ts';
import { tokenEndpoints } from './token-rotation.ts';

const endpointsOfProjects = [
  ...hookEndpoints,
  ...hookEventEndpoints,
  ...statusEndpoints,
  ...noteEndpoints,
  ...commitDiscussionEndpoints,
  ...tokenEndpoints,
  ...projectEndpoints,
];

/** The path of a project is one segment, so that its slashes are written `%2F`. */
const PROJECT = /^\/projects\/([^/]+)(\/.*)?$/;

export function projectNameOf(path: string): string | undefined {
  const name = decode(PROJECT.exec(path)?.[1] ?? '');
  return name.includes('/') ? name : undefined;
}

/** Finds what answers a path, in the server's order: token, scope, parameters, project, role. HEAD is GET whose body nobody sends. */
export async function dispatch(call: Call, method: string, path: string): Promise<Answer> {
  const asked = method === 'HEAD' ? 'GET' : method;
  const own = await dispatchOwn(call, asked, path);
  if (own !== undefined) return own;
  if (path === '/projects' && asked === 'GET') return refuseScope(call, ['api', 'read_api']) ?? listProjects(call);
  const [, id = '', rest = ''] = PROJECT.exec(path) ?? [];
  const matches = endpointsOfProjects.flatMap((endpoint) => {
    const params = matchPath(endpoint.pattern, rest);
    return params === undefined ? [] : [{ endpoint, params }];
  });
  const match = matches.find(({ endpoint }) => endpoint.method === asked);
  if (id === '' || matches.length === 0) return noRoute();
  if (match === undefined) return parameterError('405 Not Allowed', 405);
  return dispatchProject(call, { ...match, id: decode(id), rest, reads: asked === 'GET' });
}

async function dispatchOwn(call: Call, method: string, path: string): Promise<Answer | undefined> {
  const { caller } = call;
  const endpoint = ownEndpoints.find((candidate) => candidate.method === method && matchPath(candidate.pattern, path) !== undefined);
  if (endpoint === undefined) return undefined;
  if (caller === undefined) return unauthorized();
  if (endpoint.scopes !== 'any' && !hasScope(caller, endpoint.scopes)) return insufficientScope(endpoint.scopes);
  return endpoint.handle({ ...call, caller, account: call.forge.accounts.ensure(caller.login) });
}

interface Matched {
  readonly endpoint: ProjectEndpoint;
  readonly params: Readonly<Record<string, string>>;
  readonly id: string;
  readonly rest: string;
  readonly reads: boolean;
}

function dispatchProject(call: Call, { endpoint, params, id, rest, reads }: Matched): Answer | Promise<Answer> {
  const { forge, caller } = call;
  if (caller === undefined && !(reads && endpoint.need.public)) return unauthorized();
  const refused = refuseScope(call, endpoint.need.scopes) ?? endpoint.check?.(call.input);
  if (refused !== undefined) return refused;
  const found = findProject(call, id);
  const verdict = found === undefined ? 'hidden' : decide(caller, found.project, endpoint.need);
  if (found === undefined || verdict === 'hidden') return notFound('Project');
  if (found.moved && !reads) return refusal(405, 'Non GET methods are not allowed for moved projects');
  if (found.moved) return { status: 301, headers: { Location: `${apiUrlOf(forge.url, found.project)}${rest}${call.url.search}` } };
  if (verdict === 'denied' || (found.project.archived && !reads)) return forbidden();
  const account = forge.accounts.ensure(caller?.login ?? 'ghost');
  return endpoint.handle({ ...call, params, project: found.project, account });
}

function refuseScope({ caller }: Call, accepted: readonly string[]): Answer | undefined {
  return caller === undefined || hasScope(caller, accepted) ? undefined : insufficientScope(accepted);
}

function findProject({ forge }: Call, id: string): { readonly project: Repository; readonly moved: boolean } | undefined {
  if (!/^\d+$/.test(id)) {
    const found = forge.repositories.find(id, 'gitlab');
    return found === undefined ? undefined : { project: found.repository, moved: found.moved };
  }
  const project = forge.repositories.get(Number(id), 'gitlab');
  return project === undefined ? undefined : { project, moved: false };
}
