import type { Socket } from 'node:net';
import type { Network } from '#domain/network.ts';
import type { Failure } from '#domain/failure.ts';
import { isFailure } from '#domain/failure.ts';
import { createVettedConnector } from './connector.ts';
import { ASKED_ELSEWHERE, endpointOf } from './egress-policy.ts';
import { toTlsFailure } from './tls-failure.ts';

/**
 * What exactly is wrong with the certificate of a server that Git did not trust: GnuTLS, which Debian's Git speaks, says the same of a
 * certificate that is out of date and of one that nobody knows. One more handshake at the addresses that were vetted, and nothing sent.
 * undefined: this handshake has nothing to object to, or did not come about.
 */
export async function explainTrust(url: string, addresses: readonly string[], network: Network): Promise<Failure | undefined> {
  const target = new URL(url);
  const endpoint = endpointOf(target);
  const isProxied = network.proxy !== undefined;
  // What is resolved is what was vetted a moment ago: for the proxy where there is one.
  const deps = { policy: ASKED_ELSEWHERE, resolve: async () => addresses };
  const connect = createVettedConnector(deps, endpoint, network);
  const options = { hostname: endpoint.host, host: target.host, protocol: target.protocol, port: String(endpoint.port) };
  const { promise, resolve } = Promise.withResolvers<Failure | undefined>();
  connect(options, (error: Error | null, socket: Socket | null) => {
    socket?.destroy();
    if (error === null) resolve(undefined);
    else resolve(isFailure(error) && isProxied && error.code === 'TLS_UNTRUSTED' ? error : toTlsFailure(error, endpoint.host));
  });
  return promise;
}
