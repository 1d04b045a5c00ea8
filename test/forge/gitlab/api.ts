import { randomUUID } from 'node:crypto';
import type { Forge } from '#test/forge/forge.ts';
import { readBody, type Answer, type Exchange } from '#test/forge/http/exchange.ts';
import { answerWith } from '#test/forge/http/faulty.ts';
import { withValidator } from '#test/forge/http/validator.ts';
import { describeToken } from '#test/forge/tokens.ts';
import { authenticateApi, noticeReuse, type Authentication } from './authenticate.ts';
import { readInput } from './input.ts';
import { dispatch, projectNameOf } from './router.ts';
import { API_PREFIX } from './shapes.ts';

/** Answers a request to the REST API. Writes leave an effect, with secrets taken out. */
export async function serveGitlabApi(forge: Forge, exchange: Exchange): Promise<void> {
  const { request, method, url } = exchange;
  const path = url.pathname.slice(API_PREFIX.length) || '/';
  const raw = await readBody(request);
  const authentication = authenticateApi(forge, request.headers);
  if (method === 'POST' && path.endsWith('/self/rotate')) noticeReuse(forge, request.headers);
  const caller = 'caller' in authentication ? authentication.caller : undefined;
  const read = readInput(url, request.headers, raw);
  const fault = forge.faults.take({
    target: 'api',
    method,
    path: url.pathname,
    repository: namedProject(forge, path),
    login: caller?.login,
  });
  await answerWith(
    exchange,
    fault,
    () => answerApi(forge, exchange, { path, read, authentication }),
    (answer, seen) => {
      if (method === 'GET' || method === 'HEAD') return;
      const token = caller === undefined ? null : describeToken(caller);
      const body = 'input' in read ? withoutSecrets(read.input) : null;
      forge.effects.add({ method, path: url.pathname, token, status: answer.status, answered: seen, body });
    },
  );
}

interface ApiRequest {
  readonly path: string;
  readonly read: ReturnType<typeof readInput>;
  readonly authentication: Authentication;
}

async function answerApi(forge: Forge, { request, method, url }: Exchange, { path, read, authentication }: ApiRequest): Promise<Answer> {
  if ('refusal' in authentication) return dress(authentication.refusal);
  if ('refusal' in read) return dress(read.refusal);
  const { caller } = authentication;
  const answer = await dispatch({ forge, caller, params: {}, input: read.input, url: new URL(url.href) }, method, path);
  return dress(withValidator(answer, request, method));
}

function dress(answer: Answer): Answer {
  const headers = {
    'Cache-Control': 'max-age=0, private, must-revalidate',
    Vary: 'Origin',
    'X-Content-Type-Options': 'nosniff',
    'X-Frame-Options': 'SAMEORIGIN',
    'X-Request-Id': randomUUID(),
    'X-Gitlab-Meta': JSON.stringify({ version: '1' }),
    ...answer.headers,
  };
  return { ...answer, headers };
}

/** Faults go by name, whether the project is asked for by name or by number. */
function namedProject(forge: Forge, path: string): string | undefined {
  const number = /^\/projects\/(\d+)(\/|$)/.exec(path)?.[1];
  const project = number === undefined ? undefined : forge.repositories.get(Number(number), 'gitlab');
  return project === undefined ? projectNameOf(path) : `${project.owner.login}/${project.name}`;
}

const SECRETS = new Set(['token', 'signing_token', 'private_token', 'access_token', 'custom_headers']);

function withoutSecrets(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value, (key, inner: unknown) => (SECRETS.has(key) && inner !== null ? '********' : inner)));
}
