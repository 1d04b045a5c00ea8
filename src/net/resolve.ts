import { lookup } from 'node:dns/promises';
import { parseAddress } from './address.ts';
import type { EgressPolicy, Endpoint } from './egress-policy.ts';

/** Every address of a host, as the system's resolver gives them. Rejects when there is none. */
export type ResolveHost = (host: string) => Promise<readonly string[]>;

export async function resolveHost(host: string): Promise<readonly string[]> {
  const answers = await lookup(host, { all: true, verbatim: true });
  return answers.map(({ address }) => address);
}

export type Vetted = { readonly addresses: readonly string[] } | { readonly denied: 'policy' | 'unresolved' };

/**
 * The addresses that a host may be reached at now. One answer that is not permitted denies them all: a resolver that mixes public
 * and private answers is how a name is rebound (SECURITY.md T20). A host that does not resolve is denied.
 */
export async function vetEndpoint(policy: EgressPolicy, endpoint: Endpoint, resolve: ResolveHost = resolveHost): Promise<Vetted> {
  if (!policy.mayPermit(endpoint)) return { denied: 'policy' };
  if (parseAddress(endpoint.host) !== undefined) return { addresses: [endpoint.host] };
  let addresses: readonly string[];
  try {
    addresses = await resolve(endpoint.host);
  } catch {
    return { denied: 'unresolved' };
  }
  return policy.permits(endpoint, addresses) ? { addresses } : { denied: 'policy' };
}
