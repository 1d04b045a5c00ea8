import { randomUUID } from 'node:crypto';
import type { Forge } from '#test/forge/forge.ts';
import { readBody, type Answer, type Exchange } from '#test/forge/http/exchange.ts';
import { answerWith } from '#test/forge/http/faulty.ts';
import { fullNameOf } from '#test/forge/repositories.ts';
import { describeToken } from '#test/forge/tokens.ts';
import type { Caller } from './access.ts';
import { authenticateApi } from './authenticate.ts';
import { fieldsOf } from './endpoint.ts';
import { refusal, unauthorized } from './errors.ts';
import { dispatch, repositoryNameOf } from './router.ts';
import { API_PREFIX } from './shapes.ts';
import { idOf } from './uuid.ts';

/** Answers a request to the REST API. Writes leave an effect, with secrets taken out. */
export async function serveBitbucketApi(forge: Forge, exchange: Exchange): Promise<void> {
  const { request, method, url } = exchange;
  const path = url.pathname.slice(API_PREFIX.length) || '/';
  const body = parseBody(await readBody(request));
  const known = authenticateApi(forge, request.headers.authorization);
  const caller = known === 'unknown' ? undefined : known.caller;
  const fault = forge.faults.take({
    target: 'api',
    method,
    path: url.pathname,
    repository: namedRepository(forge, path),
    login: caller?.login,
  });
  await answerWith(
    exchange,
    fault,
    async () => {
      if (known === 'unknown') return dress(unauthorized());
      if (body === 'unreadable') return dress(refusal(400, 'Unable to parse JSON'));
      const { answer, accepted } = await dispatch({ forge, caller, params: {}, body, url: new URL(url.href) }, method, path);
      return dress(answer, tellScopes(forge, caller, accepted));
    },
    (answer, seen) => {
      if (method === 'GET' || method === 'HEAD') return;
      const token = caller === undefined ? null : describeToken(caller);
      forge.effects.add({ method, path: url.pathname, token, status: answer.status, answered: seen, body: withoutSecret(body) });
    },
  );
}

function parseBody(raw: Buffer): unknown {
  if (raw.length === 0) return null;
  try {
    return JSON.parse(raw.toString());
  } catch {
    return 'unreadable';
  }
}

const CREDENTIAL_TYPES = {
  'bitbucket-repository': 'repo_access_token',
  'bitbucket-project': 'project_access_token',
  'bitbucket-workspace': 'workspace_access_token',
  'bitbucket-api': 'api_token',
} as const;

/** Told with every answer to a credential, a refusal too (PROVIDERS.md 1.3). */
function tellScopes({ bitbucket }: Forge, caller: Caller, accepted: string): Record<string, string> {
  if (caller === undefined) return {};
  const isTold = caller.kind !== 'bitbucket-api' || bitbucket.settings.apiTokenScopes;
  return {
    'X-Credential-Type': CREDENTIAL_TYPES[caller.kind],
    'X-Accepted-OAuth-Scopes': accepted,
    ...(isTold ? { 'X-OAuth-Scopes': caller.scopes.join(', ') } : {}),
  };
}

function dress(answer: Answer, more: Readonly<Record<string, string>> = {}): Answer {
  const limit = { 'X-RateLimit-Limit': '1000', 'X-RateLimit-Resource': 'api-repositories', 'X-RateLimit-NearLimit': 'false' };
  return { ...answer, headers: { 'X-Request-Id': randomUUID(), ...limit, ...more, ...answer.headers } };
}

/** Faults go by name, whether the repository is asked for by name or by uuid. */
function namedRepository(forge: Forge, path: string): string | undefined {
  const name = repositoryNameOf(path);
  const repository = forge.repositories.get(idOf(name?.split('/')[1] ?? ''), 'bitbucket');
  return repository === undefined ? name : fullNameOf(repository);
}

function withoutSecret(body: unknown): unknown {
  const fields = fieldsOf(body);
  return 'secret' in fields && fields['secret'] !== null ? { ...fields, secret: '********' } : body;
}
