import { fetch as undiciFetch } from 'undici';
import { Failure, isFailure } from '#domain/failure.ts';
import type { Network } from '#domain/network.ts';
import { PLAIN_NETWORK } from '#domain/network.ts';
import { createAgents } from './agents.ts';
import { denied } from './connector.ts';
import type { EgressPolicy, Endpoint } from './egress-policy.ts';
import { endpointOf } from './egress-policy.ts';
import type { ResolveHost } from './resolve.ts';
import { toTlsFailure } from './tls-failure.ts';

export type Through = (network: Network | undefined) => typeof globalThis.fetch;

export interface EgressFetch {
  /** By the machine's own way. */
  readonly fetch: typeof globalThis.fetch;
  /** By the way that a credential or repository says. */
  readonly through: Through;
  close(): Promise<void>;
}

/** Nothing a provider's API answers is larger; a body beyond it ends with an error (SECURITY.md T27). */
const MOST_BODY_BYTES = 10 * 1024 * 1024;
/** GitHub ends its own requests after 10 s; GitLab's status call may wait that long for a lock first (PROVIDERS.md 3.2). */
const ANSWER_MS = 20_000;
/** From the first byte sent to the last one read: an answer that comes byte by byte never pauses for long. */
const WHOLE_MS = 60_000;

/**
 * The one way out over HTTP. A name is resolved here, its answers put to the policy, and only vetted addresses connected to. Redirects
 * are handed back, not followed; proxies of the environment are not used. Throws Failure POLICY_DENIED, TLS_UNTRUSTED,
 * CONNECTION_FAILED, PROXY_REFUSED, PROVIDER_FAILED (a body without end); an abort of the caller's is thrown as it is.
 */
export function createEgressFetch(policy: EgressPolicy, resolve: ResolveHost, wholeMs: number = WHOLE_MS): EgressFetch {
  const agents = createAgents({ policy, resolve }, ANSWER_MS);

  async function send(network: Network, input: string | URL | Request, init: RequestInit = {}): Promise<Response> {
    const url = new URL(input instanceof Request ? input.url : input);
    const endpoint = endpointOf(url);
    const late = AbortSignal.timeout(wholeMs);
    try {
      if (url.protocol !== 'https:' && !(url.protocol === 'http:' && policy.permitsPlainHttp(endpoint))) throw denied(endpoint);
      if (!policy.mayPermit(endpoint)) throw denied(endpoint);
      const answer = await undiciFetch(url.href, {
        method: init.method ?? 'GET',
        headers: Array.from(new Headers(init.headers)),
        body: typeof init.body === 'string' ? init.body : null,
        signal: init.signal == null ? late : AbortSignal.any([init.signal, late]),
        redirect: 'manual',
        dispatcher: agents.find(network),
      });
      const body = await readLimited(answer.body);
      const hasBody = answer.status !== 204 && answer.status !== 205 && answer.status !== 304;
      const copy = new Response(hasBody ? body : null, {
        status: answer.status,
        statusText: answer.statusText,
        headers: [...answer.headers],
      });
      // Octokit compares the address it asked with the one that answered.
      Object.defineProperty(copy, 'url', { value: url.href });
      return copy;
    } catch (error) {
      if (init.signal?.aborted === true) throw error;
      if (late.aborted) throw slow(endpoint, wholeMs, error);
      throw toNetworkFailure(error, endpoint);
    }
  }
  const through: Through =
    (network = PLAIN_NETWORK) =>
    (input, init) =>
      send(network, input, init);
  return { fetch: through(undefined), through, close: () => agents.close() };
}

/** Decoded bytes are counted: what arrives small may unpack to anything. */
async function readLimited(body: AsyncIterable<Uint8Array> | null): Promise<ArrayBuffer> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body ?? []) {
    bytes += chunk.length;
    if (bytes > MOST_BODY_BYTES)
      throw new Failure('PROVIDER_FAILED', { message: `The answer is larger than ${MOST_BODY_BYTES / 1024 / 1024} MiB.` });
    chunks.push(chunk);
  }
  const whole = new Uint8Array(bytes);
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return whole.buffer;
}

function slow({ host, port }: Endpoint, ms: number, cause: unknown): Failure {
  return new Failure('CONNECTION_FAILED', { message: `${host}:${port} did not finish its answer within ${ms / 1_000} s.`, cause });
}

/** undici wraps what happened below in one or more causes; the first that is known decides. */
function toNetworkFailure(error: unknown, { host, port }: Endpoint): Failure {
  for (let at: unknown = error; at instanceof Error; at = at.cause) {
    if (isFailure(at)) return at;
    const untrusted = toTlsFailure(at, host);
    if (untrusted !== undefined) return untrusted;
  }
  return new Failure('CONNECTION_FAILED', { message: `${host}:${port} did not answer.`, cause: error });
}
