import type { LookupFunction } from 'node:net';
import type { ConnectionOptions } from 'node:tls';
import type { buildConnector } from 'undici';
import { buildConnector as createConnector } from 'undici';
import { Failure } from '#domain/failure.ts';
import type { Network } from '#domain/network.ts';
import { addressKind } from './address.ts';
import type { EgressPolicy, Endpoint } from './egress-policy.ts';
import type { ResolveHost } from './resolve.ts';
import { vetEndpoint, vetThroughProxy } from './resolve.ts';
import { openTunnel, proxyDenied } from './tunnel.ts';

export type Connector = buildConnector.connector;

export interface ConnectorDeps {
  readonly policy: EgressPolicy;
  readonly resolve: ResolveHost;
}

export const CONNECT_MS = 10_000;

/** How connections to one server are made: to vetted addresses and no others, or through a proxy that was vetted so. */
export function createVettedConnector(deps: ConnectorDeps, endpoint: Endpoint, network: Network): Connector {
  const trust: Trust = {
    ...(network.caCertificate === undefined ? {} : { ca: network.caCertificate }),
    ...(network.tlsVerify ? {} : { rejectUnauthorized: false }),
  };
  return network.proxy === undefined ? direct(deps, endpoint, trust) : throughProxy(deps, endpoint, network, trust);
}

type Trust = Pick<ConnectionOptions, 'ca' | 'rejectUnauthorized'>;

/** Looks again at who is at the other end before a byte is sent: nothing between the lookup and the connection is taken on trust. */
function direct({ policy, resolve }: ConnectorDeps, endpoint: Endpoint, trust: Trust): Connector {
  const connect = createConnector({ timeout: CONNECT_MS, lookup: vettedLookup(policy, endpoint, resolve), ...trust });
  return (options, callback) => {
    connect(options, (error, socket) => {
      if (error !== null) return callback(error, null);
      if (policy.permits(endpoint, [socket.remoteAddress ?? ''])) return callback(null, socket);
      socket.destroy();
      callback(denied(endpoint), null);
    });
  };
}

/**
 * The proxy resolves the name anew, so that what is vetted here is the best that can be: the proxy by the address it is connected to, the
 * server by what its name says here. That a proxy is believed without TLS is never meant by switching off the server's.
 */
function throughProxy(deps: ConnectorDeps, endpoint: Endpoint, network: Network, trust: Trust): Connector {
  const { proxy } = network;
  if (proxy === undefined) throw new Error('a network without a proxy has no way through one');
  const toProxy = direct(deps, proxy, trust.ca === undefined ? {} : { ca: trust.ca });
  const secure = createConnector({ timeout: CONNECT_MS, ...trust });
  const address = { hostname: proxy.host, host: proxy.host, protocol: `${proxy.scheme}:`, port: String(proxy.port) };
  return (options, callback) => {
    const reach = async (): Promise<void> => {
      // An address is looked up nowhere, and must not be connected to first.
      if (!deps.policy.mayPermit(proxy)) throw proxyDenied();
      const refused = await vetThroughProxy(deps.policy, endpoint, deps.resolve);
      if (refused !== undefined) throw refused === 'policy' ? denied(endpoint) : unresolvedBehindProxy(endpoint);
      const tunnel = await openTunnel((done) => toProxy(address, done), endpoint, proxy.access);
      if (options.protocol === 'https:') secure({ ...options, httpSocket: tunnel }, callback);
      else callback(null, tunnel);
    };
    // oxlint-disable-next-line promise/no-callback-in-promise -- the interface is undici's, and it takes a callback
    reach().catch((error: unknown) => callback(error instanceof Error ? error : new Error(String(error)), null));
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

export function denied({ host }: Endpoint): Failure {
  return new Failure('POLICY_DENIED', { message: `The host ${host} may not be reached from here.` });
}

function unresolved({ host }: Endpoint): Failure {
  return new Failure('CONNECTION_FAILED', { message: `The name ${host} cannot be resolved.` });
}

export function unresolvedBehindProxy({ host }: Endpoint): Failure {
  return new Failure('POLICY_DENIED', {
    message: `The name ${host} cannot be resolved here, so nobody knows where the proxy would lead.`,
    help: `Where only the proxy can resolve names, an operator allows this one by its name in TRIBUTARY_ALLOWED_HOSTS.`,
  });
}
