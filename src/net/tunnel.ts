import { request } from 'node:http';
import type { Socket } from 'node:net';
import { Failure, isFailure } from '#domain/failure.ts';
import type { GitAccess } from '#domain/words.ts';
import type { Endpoint } from './egress-policy.ts';
import { toTlsFailure } from './tls-failure.ts';

type Done = (error: Error | null, socket: Socket | null) => void;

const ANSWER_MS = 20_000;
/** What a proxy means by "not now" and "nobody there"; every other refusal is its rule. */
const PASSING: readonly number[] = [500, 502, 503, 504];

/**
 * A connection through a proxy to where it is asked for (RFC 9110 9.3.6). Throws Failure: PROXY_REFUSED, CONNECTION_FAILED, TLS_UNTRUSTED,
 * POLICY_DENIED; none of them names the proxy.
 */
export async function openTunnel(connect: (done: Done) => void, target: Endpoint, access: GitAccess | undefined): Promise<Socket> {
  const toProxy = await connected(connect);
  const authority = `${target.host.includes(':') ? `[${target.host}]` : target.host}:${target.port}`;
  const { promise, resolve, reject } = Promise.withResolvers<Socket>();
  const asking = request({
    method: 'CONNECT',
    path: authority,
    headers: { host: authority, ...(access === undefined ? {} : { 'proxy-authorization': basic(access) }) },
    createConnection: () => toProxy,
    timeout: ANSWER_MS,
  });
  asking.on('connect', ({ statusCode = 0 }, socket, head) => {
    if (statusCode !== 200) {
      socket.destroy();
      reject(refused(statusCode, authority));
      return;
    }
    if (head.length > 0) socket.unshift(head);
    socket.setTimeout(0);
    resolve(socket);
  });
  asking.on('timeout', () => asking.destroy(new Error('the proxy is silent')));
  asking.on('error', (error) => reject(unreachable(error)));
  asking.end();
  return promise;
}

/** What a proxy says to somebody who wants to go through it; 407 is the one that its user can mend. */
export function refused(status: number, authority: string): Failure {
  if (status === 407) {
    return new Failure('PROXY_REFUSED', {
      message: 'The proxy refuses its user name and password, or wants some (407).',
      help: 'Enter the proxy_url again, with user name and password as the proxy knows them. Basic is the one way that is used.',
    });
  }
  return PASSING.includes(status)
    ? new Failure('CONNECTION_FAILED', { message: `The proxy cannot reach ${authority} (${status}).` })
    : new Failure('PROXY_REFUSED', { message: `The proxy does not let anybody through to ${authority} (${status}).` });
}

async function connected(connect: (done: Done) => void): Promise<Socket> {
  try {
    return await new Promise((resolve, reject) => {
      connect((error, socket) => (socket === null ? reject(error ?? new Error('no connection')) : resolve(socket)));
    });
  } catch (error) {
    throw unreachable(error);
  }
}

function unreachable(error: unknown): Error {
  if (isFailure(error))
    return error.code === 'POLICY_DENIED' ? proxyDenied() : new Failure('CONNECTION_FAILED', { message: AWAY, cause: error });
  return toTlsFailure(error, 'the proxy') ?? new Failure('CONNECTION_FAILED', { message: AWAY, cause: error });
}

const AWAY = 'The proxy did not answer.';

/** The policy's own words would name the proxy. */
export function proxyDenied(): Failure {
  return new Failure('POLICY_DENIED', {
    message: 'The proxy is at an address that may not be reached from here.',
    help: 'An operator can allow its host and port in TRIBUTARY_ALLOWED_HOSTS.',
  });
}

function basic({ username, secret }: GitAccess): string {
  return `Basic ${Buffer.from(`${username}:${secret}`).toString('base64')}`;
}
