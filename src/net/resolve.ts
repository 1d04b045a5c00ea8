import { Resolver, lookup } from 'node:dns/promises';
import { err, ok } from '#domain/result.ts';
import type { Result } from '#domain/result.ts';
import { addressKind, parseAddress } from './address.ts';
import type { EgressPolicy, Endpoint } from './egress-policy.ts';

/** Every address of a host. Rejects when there is none, or when that cannot be known. */
export type ResolveHost = (host: string) => Promise<readonly string[]>;

/** One query to one server; with two tries and two kinds of address a dead resolver is given up within 10 s. */
const QUERY = { timeout: 2_500, tries: 2, maxTimeout: 2_500 };
/** What a server says of a name that has no address of the asked kind, or of no kind at all. */
const NO_SUCH_ADDRESS: readonly unknown[] = ['ENODATA', 'ENOTFOUND'];

/** Asks these servers (`parseDnsServers`); without any, the system as it is configured, its hosts file included. */
export function createResolver(servers: readonly string[]): ResolveHost {
  return servers.length === 0 ? resolveBySystem : (host) => resolveByServers(servers, host);
}

/** Reads TRIBUTARY_DNS_SERVERS: comma-separated addresses with an optional port, IPv6 in brackets then. The error names what is none. */
export function parseDnsServers(text: string): Result<readonly string[], readonly string[]> {
  const entries = text
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');
  const bad = entries.filter((entry) => !isServer(entry));
  return bad.length === 0 ? ok(entries) : err(bad.map((entry) => `${JSON.stringify(entry)} is not an address with an optional port`));
}

export type Vetted = { readonly addresses: readonly string[] } | { readonly denied: 'policy' | 'unresolved' };

/**
 * The addresses that a host may be reached at now. One answer that is not permitted denies them all: a resolver that mixes public
 * and private answers is how a name is rebound (SECURITY.md T20). A host that does not resolve is denied.
 */
export async function vetEndpoint(policy: EgressPolicy, endpoint: Endpoint, resolve: ResolveHost): Promise<Vetted> {
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

/**
 * Whether a host may be asked for through a proxy, which resolves its name itself: undefined when it may. What a name says here stands for
 * what it says there, so one that says nothing here is let through by the operator's word only.
 */
export async function vetThroughProxy(
  policy: EgressPolicy,
  endpoint: Endpoint,
  resolve: ResolveHost,
): Promise<'policy' | 'unresolved' | undefined> {
  const vetted = await vetEndpoint(policy, endpoint, resolve);
  if (!('denied' in vetted)) return undefined;
  return vetted.denied === 'unresolved' && policy.names(endpoint) ? undefined : vetted.denied;
}

async function resolveBySystem(host: string): Promise<readonly string[]> {
  const answers = await lookup(host, { all: true, verbatim: true });
  return answers.map(({ address }) => address);
}

/**
 * Both kinds are asked for, as one that fails could hide a private answer: only "there is none" counts as an answer. A resolver of its
 * own for each name: one that is shared keeps a server that failed out for everybody.
 */
async function resolveByServers(servers: readonly string[], host: string): Promise<readonly string[]> {
  const resolver = new Resolver(QUERY);
  resolver.setServers(servers);
  const answers = await Promise.all([noneIsEmpty(resolver.resolve4(host)), noneIsEmpty(resolver.resolve6(host))]);
  const addresses = answers.flat();
  if (addresses.length === 0) throw new Error('the name has no address');
  return addresses;
}

async function noneIsEmpty(query: Promise<readonly string[]>): Promise<readonly string[]> {
  try {
    return await query;
  } catch (error) {
    if (error instanceof Error && 'code' in error && NO_SUCH_ADDRESS.includes(error.code)) return [];
    throw error;
  }
}

const WITH_PORT = /^(?:\[(?<v6>[^\]]+)\]|(?<v4>[^:]+))(?::(?<port>\d{1,5}))?$/;

function isServer(entry: string): boolean {
  if (addressKind(entry) !== undefined) return true;
  const { v4, v6, port } = WITH_PORT.exec(entry)?.groups ?? {};
  const isAddress = v6 === undefined ? v4 !== undefined && addressKind(v4) === 4 : addressKind(v6) === 6;
  return isAddress && (port === undefined || (Number(port) >= 1 && Number(port) <= 65_535));
}
