import type { Forge } from '#test/forge/forge.ts';
import { answerWith } from '#test/forge/http/faulty.ts';
import { readBody, type Answer, type Exchange } from '#test/forge/http/exchange.ts';
import { withValidator } from '#test/forge/http/validator.ts';
import { describeToken } from '#test/forge/tokens.ts';
import type { Caller } from './access.ts';
import { isAppPath, serveAppApi } from './apps/serve.ts';
import { authenticate, type Authentication } from './authenticate.ts';
import { badCredentials, errorAnswer } from './errors.ts';
import { isObject } from './hook-config.ts';
import { callerHeaders, commonHeaders, rateHeaders } from './headers.ts';
import type { RateLimit } from './rate-limit.ts';
import { dispatch, repositoryNameOf } from './router.ts';

export const API_PREFIX = '/api/v3';
const API_VERSION = '2022-11-28';

/** Answers a request to the REST API. Writes leave an effect, with secrets taken out. */
export async function serveApi(forge: Forge, exchange: Exchange): Promise<void> {
  const { request, method, url } = exchange;
  const path = url.pathname.slice(API_PREFIX.length) || '/';
  if (isAppPath(path)) return serveAppApi(forge, exchange, path);
  const raw = await readBody(request);
  const authentication = authenticate(forge, request.headers.authorization);
  const caller = authentication === 'unknown' ? undefined : authentication.caller;
  const fault = forge.faults.take({ target: 'api', method, path: url.pathname, repository: repositoryNameOf(path), login: caller?.login });
  await answerWith(
    exchange,
    fault,
    () => answerApi(forge, exchange, { path, raw, authentication }),
    (answer, seen) => {
      if (method === 'GET' || method === 'HEAD') return;
      const token = caller === undefined ? null : describeToken(caller);
      forge.effects.add({ method, path: url.pathname, token, status: answer.status, answered: seen, body: withoutSecrets(parseJson(raw)) });
    },
  );
}

interface ApiRequest {
  readonly path: string;
  readonly raw: Buffer;
  readonly authentication: Authentication;
}

/** The checks in GitHub's order: user agent, version, credential, limit, body; then what was asked for. */
async function answerApi(forge: Forge, { request, method, url }: Exchange, { path, raw, authentication }: ApiRequest): Promise<Answer> {
  if (request.headers['user-agent'] === undefined) return refuseAgent();
  const refused = refuseVersion(request.headers['x-github-api-version']) ?? refuseMediaType(request.headers.accept);
  if (refused !== undefined) return dress(refused);
  if (authentication === 'unknown') return dress(badCredentials());
  const { caller } = authentication;
  if (caller?.installation?.isSuspended() === true) return dress(errorAnswer(403, 'This installation has been suspended'), caller);
  const cost = path === '/rate_limit' ? 0 : 1;
  const rate = forge.github.rateLimits.spend(caller?.id, cost, new Date());
  if (rate.exceeded) return dress(rateExceeded(caller), caller, rate);
  const body = parseJson(raw);
  if (body === undefined) return dress(errorAnswer(400, 'Problems parsing JSON'), caller, rate);
  if (!isObject(body)) return dress(errorAnswer(400, 'Body should be a JSON object'), caller, rate);
  const answer = withValidator(
    await dispatch({ forge, caller, query: url.searchParams, params: {}, body, url: new URL(url.href) }, method, path),
    request,
    method,
  );
  // What has not changed costs nothing.
  if (answer.status === 304 && caller !== undefined) forge.github.rateLimits.leave(caller.id, rate.remaining + cost, new Date());
  return dress(
    answer,
    caller,
    answer.status === 304 && caller !== undefined ? { ...rate, remaining: rate.remaining + cost, used: rate.used - cost } : rate,
  );
}

function dress(answer: Answer, caller?: Caller, rate?: RateLimit): Answer {
  const headers = {
    ...commonHeaders(API_VERSION),
    ...callerHeaders(caller),
    ...(rate === undefined ? {} : rateHeaders(rate)),
    ...answer.headers,
  };
  return { ...answer, headers };
}

function refuseAgent(): Answer {
  const text =
    'Request forbidden by administrative rules. Please make sure your request has a User-Agent header ' +
    '(https://docs.github.com/en/rest/overview/resources-in-the-rest-api#user-agent-required). Check https://developer.github.com for other possible causes.\n';
  return { status: 403, text };
}

function refuseVersion(version: string | readonly string[] | undefined): Answer | undefined {
  if (version === undefined || version === API_VERSION) return undefined;
  return errorAnswer(400, `"${String(version)}" is not a valid API version. Supported versions: ${API_VERSION}`);
}

function refuseMediaType(accept: string | undefined): Answer | undefined {
  if (accept === undefined || /\*\/\*|application\/(\*|json|vnd\.github[\w.+-]*)/.test(accept)) return undefined;
  return errorAnswer(415, "Unsupported 'Accept' header: Must accept 'application/json'.");
}

function rateExceeded(caller: Caller): Answer {
  return errorAnswer(403, `API rate limit exceeded for ${caller === undefined ? '127.0.0.1' : `user ID ${caller.id}`}.`);
}

function parseJson(raw: Buffer): unknown {
  if (raw.length === 0) return {};
  try {
    return JSON.parse(raw.toString());
  } catch {
    return undefined;
  }
}

function withoutSecrets(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value ?? null, (key, inner: unknown) => (key === 'secret' && typeof inner === 'string' ? '********' : inner)),
  );
}
