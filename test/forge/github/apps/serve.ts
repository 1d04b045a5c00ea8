import type { Forge } from '#test/forge/forge.ts';
import { answerWith } from '#test/forge/http/faulty.ts';
import { readBody, type Answer, type Exchange } from '#test/forge/http/exchange.ts';
import { matchPath } from '#test/forge/http/route.ts';
import { errorAnswer, notFound } from '#test/forge/github/errors.ts';
import { commonHeaders } from '#test/forge/github/headers.ts';
import { isObject } from '#test/forge/github/hook-config.ts';
import { appEndpoints } from './endpoints.ts';
import { readJwt } from './jwt.ts';
import { convertManifest } from './manifests.ts';

const APP_PATHS = /^\/(?:app(?:\/.*)?|app-manifests\/.*|repos\/[^/]+\/[^/]+\/installation|(?:orgs|users)\/[^/]+\/installation)$/;

/** Paths that an App calls as itself, and the conversion of a manifest, which anybody with the code may. */
export function isAppPath(path: string): boolean {
  return APP_PATHS.test(path);
}

export async function serveAppApi(forge: Forge, exchange: Exchange, path: string): Promise<void> {
  const { request, method, url } = exchange;
  const raw = await readBody(request);
  const fault = forge.faults.take({ target: 'api', method, path: url.pathname });
  await answerWith(
    exchange,
    fault,
    async () => dress(answer(forge, exchange, path, raw)),
    (given, seen) => {
      if (method !== 'GET')
        forge.effects.add({ method, path: maskCode(url.pathname), token: null, status: given.status, answered: seen, body: null });
    },
  );
}

/** A code is as good as the App's key for an hour. */
function maskCode(path: string): string {
  return path.replace(/(\/app-manifests\/)[^/]+/, '$1***');
}

function answer(forge: Forge, { method, url, request }: Exchange, path: string, raw: Buffer): Answer {
  if (request.headers['user-agent'] === undefined) return errorAnswer(403, 'Request forbidden by administrative rules.');
  const code = matchPath({ expression: /^\/app-manifests\/(?<code>[^/]+)\/conversions$/ }, path)?.['code'];
  if (code !== undefined) return method === 'POST' ? convertManifest(forge, code, new Date()) : notFound();
  const verdict = readJwt(forge.github.apps, request.headers.authorization, new Date());
  if ('refusal' in verdict)
    return verdict.refusal === 'Integration not found' ? errorAnswer(404, verdict.refusal) : errorAnswer(401, verdict.refusal);
  const body = parse(raw);
  if (!isObject(body)) return errorAnswer(400, 'Problems parsing JSON');
  for (const { method: wanted, pattern, handle } of appEndpoints) {
    const params = wanted === method ? matchPath(pattern, path) : undefined;
    if (params !== undefined) return handle({ forge, app: verdict.app, params, query: url.searchParams, body });
  }
  return notFound();
}

function parse(raw: Buffer): unknown {
  try {
    return raw.length === 0 ? {} : JSON.parse(raw.toString());
  } catch {
    return undefined;
  }
}

function dress(given: Answer): Answer {
  return { ...given, headers: { ...commonHeaders('2022-11-28'), Date: new Date().toUTCString(), ...given.headers } };
}
