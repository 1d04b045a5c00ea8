import type { Answer } from '#test/forge/http/exchange.ts';
import { listRefs } from '#test/forge/git/refs.ts';
import { fullNameOf, type Repository } from '#test/forge/repositories.ts';
import { inWorkspace, isVisible, missingScopes, NEEDS } from './access.ts';
import { ownEndpoint, type Call, type OwnEndpoint } from './endpoint.ts';
import { gone, hidden, lacksScope, notFound, refusal, unauthorized } from './errors.ts';
import { HOOK_EVENTS } from './hook-input.ts';
import { pageOf } from './pagination.ts';
import { accountShape, repositoryShape, workspaceShape } from './shapes.ts';

export const ownEndpoints: readonly OwnEndpoint[] = [
  ownEndpoint('GET', '/user', 'account', readUser),
  ownEndpoint('GET', '/user/workspaces', 'account', listWorkspaces),
  ownEndpoint('GET', '/workspaces/{workspace}', 'account', readWorkspace),
  ownEndpoint('GET', '/repositories/{workspace}', 'repository', listRepositories),
  ownEndpoint('GET', '/hook_events/repository', '', (call) => pageOf(call, [...HOOK_EVENTS.keys()], (event) => ({ event, label: event }))),
  // Removed in 2026: they listed across workspaces.
  ...['/repositories', '/workspaces', '/user/permissions/repositories', '/user/permissions/workspaces'].map((path) =>
    ownEndpoint('GET', path, '', gone),
  ),
];

const READ_USER = { legacy: ['account'], api: ['read:user:bitbucket'] };
const READ_WORKSPACE = { legacy: ['account'], api: ['read:workspace:bitbucket'] };

/** Bots have no account to show: access tokens are refused, whatever their scopes. */
function readUser({ forge, caller }: Call): Answer {
  if (caller === undefined) return unauthorized();
  if (caller.kind !== 'bitbucket-api') return lacksScope(READ_USER.legacy, caller.scopes);
  const missing = missingScopes(caller, READ_USER);
  if (missing.length > 0) return lacksScope(missing, caller.scopes);
  return { status: 200, body: { ...accountShape(forge.accounts.ensure(caller.login)), username: caller.login } };
}

function listWorkspaces(call: Call): Answer {
  const { forge, caller } = call;
  if (caller === undefined) return unauthorized();
  const missing = missingScopes(caller, READ_WORKSPACE);
  if (missing.length > 0) return lacksScope(missing, caller.scopes);
  const names = new Set(forge.repositories.list('bitbucket').map(({ owner }) => owner.login));
  const mine = [...names].filter((name) => inWorkspace(caller, name));
  return pageOf(call, mine, (name) => ({ type: 'workspace_access', workspace: workspaceShape(forge.accounts.ensure(name)) }));
}

function readWorkspace({ forge, caller, params }: Call): Answer {
  const account = forge.accounts.find(params['workspace'] ?? '');
  if (caller === undefined) return unauthorized();
  const missing = missingScopes(caller, READ_WORKSPACE);
  if (missing.length > 0) return lacksScope(missing, caller.scopes);
  return account === undefined ? notFound('Workspace') : { status: 200, body: workspaceShape(account) };
}

async function listRepositories(call: Call): Promise<Answer> {
  const { forge, caller, params, url } = call;
  const workspace = (params['workspace'] ?? '').toLowerCase();
  const missing = caller === undefined ? [] : missingScopes(caller, NEEDS.readRepository);
  if (caller !== undefined && missing.length > 0) return lacksScope(missing, caller.scopes);
  const all = forge.repositories.list('bitbucket').filter(({ owner }) => owner.login.toLowerCase() === workspace);
  if (all.length === 0) return hidden();
  const isWanted = readQuery(url.searchParams.get('q'));
  if (isWanted === undefined) return refusal(400, 'Invalid query');
  const role = url.searchParams.get('role');
  const shown = all.filter(
    (repository) =>
      isVisible(caller, repository) && isWanted(repository) && (role === null || (caller !== undefined && inWorkspace(caller, workspace))),
  );
  const refs = await Promise.all(shown.map(({ dir }) => listRefs(dir, 'refs/heads')));
  const empty = new Set(shown.filter((_, index) => refs[index]?.size === 0).map(({ id }) => id));
  const sorted = url.searchParams.get('sort') === '-updated_on' ? shown.toSorted((one, other) => +other.pushedAt - +one.pushedAt) : shown;
  return pageOf(call, sorted, (repository) => repositoryShape(forge.url, repository, caller?.login ?? 'ghost', empty.has(repository.id)));
}

const TERM = /^(name|full_name|is_private) *(~|=) *(?:"((?:[^"\\]|\\.)*)"|(true|false))$/;

/** The part of the query language that asks for names and privacy, joined by AND. Undefined for anything else. */
function readQuery(query: string | null): ((repository: Repository) => boolean) | undefined {
  const terms = (query ?? '').split(/ AND /i).filter((term) => term.trim() !== '');
  const tests = terms.map((term) => {
    const [, field, operator, text, flag] = TERM.exec(term.trim()) ?? [];
    if (field === undefined) return undefined;
    if (field === 'is_private') return (repository: Repository) => String(repository.private) === flag;
    const wanted = (text ?? '').replaceAll(/\\(.)/g, '$1').toLowerCase();
    return (repository: Repository) => {
      const value = (field === 'name' ? repository.name : fullNameOf(repository)).toLowerCase();
      return operator === '~' ? value.includes(wanted) : value === wanted;
    };
  });
  if (tests.includes(undefined)) return undefined;
  return (repository) => tests.every((test) => test?.(repository) === true);
}
