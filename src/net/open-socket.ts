import type { Socket } from 'node:net';
import { connect } from 'node:net';
import { Failure } from '#domain/failure.ts';
import type { EgressPolicy, Endpoint } from './egress-policy.ts';
import type { ResolveHost } from './resolve.ts';
import { vetEndpoint } from './resolve.ts';

/** A connection for a protocol that is no HTTP, under the same policy. Whoever asks for it closes it. */
export type OpenSocket = (endpoint: Endpoint, signal: AbortSignal) => Promise<Socket>;

const CONNECT_MS = 10_000;

/**
 * Connects to the first vetted address of a host that answers. Throws Failure POLICY_DENIED where the policy does not permit it, and
 * CONNECTION_FAILED; an abort of the caller's is thrown as it is.
 */
export function createOpenSocket(policy: EgressPolicy, resolve: ResolveHost): OpenSocket {
  return async (endpoint, signal) => {
    const { host, port } = endpoint;
    const vetted = await vetEndpoint(policy, endpoint, resolve);
    if ('denied' in vetted) {
      throw vetted.denied === 'policy'
        ? new Failure('POLICY_DENIED', { message: `${host}:${port} may not be reached from here.` })
        : new Failure('CONNECTION_FAILED', { message: `The name ${host} cannot be resolved.` });
    }
    let cause: unknown;
    for (const address of vetted.addresses) {
      try {
        return await connectTo(address, port, signal);
      } catch (error) {
        signal.throwIfAborted();
        cause = error;
      }
    }
    throw new Failure('CONNECTION_FAILED', { message: `${host}:${port} did not answer.`, cause });
  };
}

function connectTo(address: string, port: number, signal: AbortSignal): Promise<Socket> {
  const late = AbortSignal.any([signal, AbortSignal.timeout(CONNECT_MS)]);
  return new Promise((resolve, reject) => {
    const socket = connect({ host: address, port, signal: late });
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.off('error', reject);
      resolve(socket);
    });
  });
}
