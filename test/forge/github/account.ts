import type { Answer } from '#test/forge/http/exchange.ts';
import { compilePath } from '#test/forge/http/route.ts';
import type { Repository } from '#test/forge/repositories.ts';
import { decide, isMember, NEEDS, roleIn } from './access.ts';
import type { Call, Endpoint } from './endpoint.ts';
import { errorAnswer, notFound } from './errors.ts';
import { ENTERPRISE_VERSION } from './hook-request.ts';
import { pageOf } from './pagination.ts';
import { accountShape, apiBase, isoSeconds, repositoryShape } from './shapes.ts';

/** What belongs to no repository. */
export const accountEndpoints: readonly Endpoint[] = [
  endpoint('/', true, [], ({ forge }) => ({ status: 200, body: { current_user_url: `${apiBase(forge.url)}/user` } })),
  endpoint('/user', false, [], readUser),
  endpoint('/user/repos', false, ['repo'], listOwnRepositories),
  endpoint('/installation/repositories', false, [], listInstallationRepositories),
  endpoint('/orgs/{org}/repos', true, ['admin:org', 'read:org', 'repo', 'user', 'write:org'], listOrganizationRepositories),
  endpoint('/rate_limit', true, [], readRateLimit),
  endpoint('/meta', true, [], readMeta),
];

function endpoint(path: string, open: boolean, accepted: readonly string[], handle: Endpoint['handle']): Endpoint {
  return { method: 'GET', pattern: compilePath(path), open, accepted, handle };
}

function readUser({ forge, caller }: Call): Answer {
  if (caller?.installation !== undefined) return errorAnswer(403, 'Resource not accessible by integration');
  const account = forge.accounts.ensure(caller?.login ?? '');
  const since = isoSeconds(account.createdAt);
  return {
    status: 200,
    body: { ...accountShape(forge.url, account), name: account.login, email: null, created_at: since, updated_at: since },
  };
}

/** Those the token reaches. Behind single sign-on the list is silently shorter, and a header says so. */
function listOwnRepositories(call: Call): Answer {
  const { caller, query } = call;
  const mine = call.forge.repositories.list('github').filter((repository) => caller !== undefined && isMember(caller, repository));
  const visibility = query.get('visibility') ?? 'all';
  return listRepositories(
    call,
    mine.filter((repository) => visibility === 'all' || (visibility === 'private') === repository.private),
  );
}

/** What the installation of an App covers, for a token of it. */
function listInstallationRepositories(call: Call): Answer {
  const { forge, caller } = call;
  if (caller?.installation === undefined) return errorAnswer(403, 'Resource not accessible by personal access token');
  const covered = forge.repositories.list('github').filter((repository) => isMember(caller, repository));
  const page = pageOf(call, covered, (repository) => repositoryShape(forge.url, repository, undefined));
  return { ...page, body: { total_count: covered.length, repository_selection: 'selected', repositories: page.body } };
}

function listOrganizationRepositories(call: Call): Answer {
  const { forge, params } = call;
  const organization = forge.accounts.find(params['org'] ?? '');
  if (organization?.type !== 'Organization') return notFound();
  return listRepositories(
    call,
    forge.repositories.list('github').filter(({ owner }) => owner.id === organization.id),
  );
}

function listRepositories(call: Call, repositories: readonly Repository[]): Answer {
  const { forge, caller } = call;
  const verdicts = repositories.map((repository) => ({ repository, verdict: decide(caller, repository, NEEDS.metadata) }));
  const shown = verdicts.filter(({ verdict }) => verdict === 'granted').map(({ repository }) => repository);
  const hidden = new Set(verdicts.filter(({ verdict }) => verdict === 'sso').map(({ repository }) => repository.owner.id));
  const page = pageOf(call, shown, (repository) =>
    repositoryShape(forge.url, repository, caller === undefined ? undefined : roleIn(caller, repository)),
  );
  if (hidden.size === 0) return page;
  return { ...page, headers: { ...page.headers, 'X-GitHub-SSO': `partial-results; organizations=${[...hidden].join(',')}` } };
}

function readRateLimit({ forge, caller }: Call): Answer {
  const { limit, used, remaining, reset } = forge.github.rateLimits.spend(caller?.id, 0, new Date());
  const core = { limit, used, remaining, reset };
  return { status: 200, body: { resources: { core }, rate: core } };
}

function readMeta(): Answer {
  return {
    status: 200,
    body: { verifiable_password_authentication: false, installed_version: ENTERPRISE_VERSION, hooks: ['127.0.0.0/8'] },
  };
}
