import { Failure } from '#domain/failure.ts';
import type { Network } from '#domain/network.ts';
import type { Remote } from '#domain/remote.ts';
import { parseAddress } from './address.ts';
import { unresolvedBehindProxy } from './connector.ts';
import type { EgressPolicy, Endpoint } from './egress-policy.ts';
import { parseRemoteUrl } from './remote-url.ts';
import type { ResolveHost } from './resolve.ts';
import { vetEndpoint, vetThroughProxy } from './resolve.ts';
import { proxyDenied } from './tunnel.ts';

/** Vets and pins an address for one call of Git. */
export type VetRemote = (url: string, network?: Network) => Promise<Omit<Remote, 'access'>>;

/**
 * A stored remote URL as Git may be given it now: parsed again, resolved, and pinned to the addresses that were vetted, so that what
 * was checked is what is connected to. Throws Failure POLICY_DENIED or CONNECTION_FAILED (the name does not resolve).
 */
export async function vetRemote(
  url: string,
  policy: EgressPolicy,
  resolve: ResolveHost,
  network?: Network,
): Promise<Omit<Remote, 'access'>> {
  const parsed = parseRemoteUrl(url, policy);
  if (!parsed.ok) throw new Failure('POLICY_DENIED', { message: parsed.error.message });
  const { href, scheme, host, port } = parsed.value;
  const remote = { url: href, plainHttp: scheme === 'http', network };
  if (network?.proxy === undefined) return { ...remote, pinned: await pin(policy, { host, port }, resolve) };
  const refused = await vetThroughProxy(policy, { host, port }, resolve);
  if (refused === 'unresolved') throw unresolvedBehindProxy({ host, port });
  if (refused === 'policy') throw leadsAway(host);
  return { ...remote, pinned: await pinProxy(policy, network.proxy, resolve) };
}

async function pin(policy: EgressPolicy, endpoint: Endpoint, resolve: ResolveHost): Promise<Remote['pinned']> {
  const { host, port } = endpoint;
  const vetted = await vetEndpoint(policy, endpoint, resolve);
  if ('denied' in vetted) {
    if (vetted.denied === 'unresolved') throw new Failure('CONNECTION_FAILED', { message: `The name ${host} cannot be resolved.` });
    throw leadsAway(host);
  }
  return parseAddress(host) === undefined ? { host, port, addresses: vetted.addresses } : undefined;
}

async function pinProxy(policy: EgressPolicy, { host, port }: Endpoint, resolve: ResolveHost): Promise<Remote['pinned']> {
  const vetted = await vetEndpoint(policy, { host, port }, resolve);
  if (!('denied' in vetted)) return parseAddress(host) === undefined ? { host, port, addresses: vetted.addresses } : undefined;
  if (vetted.denied === 'policy') throw proxyDenied();
  throw new Failure('CONNECTION_FAILED', { message: 'The name of the proxy cannot be resolved.' });
}

function leadsAway(host: string): Failure {
  return new Failure('POLICY_DENIED', { message: `The host ${host} leads to an address that may not be reached from here.` });
}
