import type { LookupFunction } from 'node:net';
import type { buildConnector } from 'undici';
import { Agent, Pool, buildConnector as createConnector, fetch as undiciFetch } from 'undici';
import { Failure, isFailure } from '#domain/failure.ts';
import { addressKind } from './address.ts';
import type { EgressPolicy, Endpoint } from './egress-policy.ts';
import { endpointOf } from './egress-policy.ts';
import type { ResolveHost } from './resolve.ts';
import { vetEndpoint } from './resolve.ts';

export interface EgressFetch {
  readonly fetch: typeof globalThis.fetch;
  close(): Promise<void>;
}

/** Nothing a provider's API answers is larger; a body beyond it ends with an error (SECURITY.md T27). */
const MOST_BODY_BYTES = 10 * 1024 * 1024;
const CONNECT_MS = 10_000;
/** GitHub ends its own requests after 10 s; GitLab's status call may wait that long for a lock first (PROVIDERS.md 3.2). */
const ANSWER_MS = 20_000;
/** From the first byte sent to the last one read: an answer that comes byte by byte never pauses for long. */
const WHOLE_MS = 60_000;

/**
 * The one way out over HTTP. A name is resolved here, its answers put to the policy, and only vetted addresses connected to. Redirects
 * are handed back, not followed; proxies of the environment are not used. Throws Failure POLICY_DENIED, TLS_UNTRUSTED,
 * CONNECTION_FAILED, PROVIDER_FAILED (a body without end); an abort of the caller's is thrown as it is.
 */
export function createEgressFetch(policy: EgressPolicy, resolve: ResolveHost, wholeMs: number = WHOLE_MS): EgressFetch {
  const agent = new Agent({
    factory: (origin) =>
      new Pool(origin, {
        headersTimeout: ANSWER_MS,
        bodyTimeout: ANSWER_MS,
        connections: 8,
        connect: vettedConnector(policy, endpointOf(new URL(origin)), resolve),
      }),
  });

  async function egressFetch(input: string | URL | Request, init: RequestInit = {}): Promise<Response> {
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
        dispatcher: agent,
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
  return { fetch: egressFetch, close: () => agent.close() };
}

/** Looks again at who is at the other end before a byte is sent: nothing between the lookup and the connection is taken on trust. */
function vettedConnector(policy: EgressPolicy, endpoint: Endpoint, resolve: ResolveHost): buildConnector.connector {
  const connect = createConnector({ timeout: CONNECT_MS, lookup: vettedLookup(policy, endpoint, resolve) });
  return (options, callback) => {
    connect(options, (error, socket) => {
      if (error !== null) return callback(error, null);
      if (policy.permits(endpoint, [socket.remoteAddress ?? ''])) return callback(null, socket);
      socket.destroy();
      callback(denied(endpoint), null);
    });
  };
}

/** Called for names only; a literal address was put to the policy by `mayPermit`. */
/* oxlint-disable promise/no-callback-in-promise -- the interface is Node's, and it takes a callback */
function vettedLookup(policy: EgressPolicy, endpoint: Endpoint, resolve: ResolveHost): LookupFunction {
  return (_hostname, options, callback) => {
    vetEndpoint(policy, endpoint, resolve).then(
      (vetted) => {
        if ('denied' in vetted) {
          callback(vetted.denied === 'policy' ? denied(endpoint) : unresolved(endpoint), []);
          return;
        }
        const answers = vetted.addresses.map((address) => ({ address, family: addressKind(address) ?? 0 }));
        const [first] = answers;
        if (options.all === true) callback(null, answers);
        else callback(null, first?.address ?? '', first?.family);
      },
      (error: unknown) => callback(error instanceof Error ? error : new Error(String(error)), []),
    );
  };
}

/* oxlint-enable promise/no-callback-in-promise */

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

function denied({ host }: Endpoint): Failure {
  return new Failure('POLICY_DENIED', { message: `The host ${host} may not be reached from here.` });
}

function slow({ host, port }: Endpoint, ms: number, cause: unknown): Failure {
  return new Failure('CONNECTION_FAILED', { message: `${host}:${port} did not finish its answer within ${ms / 1_000} s.`, cause });
}

function unresolved({ host }: Endpoint): Failure {
  return new Failure('CONNECTION_FAILED', { message: `The name ${host} cannot be resolved.` });
}

const TLS_CODES =
  /^(?:CERT_|DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_(?:GET_ISSUER_CERT|VERIFY_LEAF_SIGNATURE)|ERR_TLS_CERT_ALTNAME_INVALID)/;

/** undici wraps what happened below in one or more causes; the first that is known decides. */
function toNetworkFailure(error: unknown, { host, port }: Endpoint): Failure {
  for (let at: unknown = error; at instanceof Error; at = at.cause) {
    if (isFailure(at)) return at;
    const code = 'code' in at && typeof at.code === 'string' ? at.code : '';
    if (TLS_CODES.test(code))
      return new Failure('TLS_UNTRUSTED', { message: `The certificate of ${host} is not trusted (${code}).`, cause: error });
  }
  return new Failure('CONNECTION_FAILED', { message: `${host}:${port} did not answer.`, cause: error });
}
