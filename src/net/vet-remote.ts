import { Failure } from '#domain/failure.ts';
import type { Remote } from '#domain/remote.ts';
import type { EgressPolicy } from './egress-policy.ts';
import { parseAddress } from './address.ts';
import { parseRemoteUrl } from './remote-url.ts';
import type { ResolveHost } from './resolve.ts';
import { vetEndpoint } from './resolve.ts';

/**
 * A stored remote URL as Git may be given it now: parsed again, resolved, and pinned to the addresses that were vetted, so that what
 * was checked is what is connected to. Throws Failure POLICY_DENIED or CONNECTION_FAILED (the name does not resolve).
 */
export async function vetRemote(url: string, policy: EgressPolicy, resolve: ResolveHost): Promise<Omit<Remote, 'access'>> {
  const parsed = parseRemoteUrl(url, policy);
  if (!parsed.ok) throw new Failure('POLICY_DENIED', { message: parsed.error.message });
  const { href, scheme, host, port } = parsed.value;
  const vetted = await vetEndpoint(policy, { host, port }, resolve);
  if ('denied' in vetted) {
    if (vetted.denied === 'unresolved') throw new Failure('CONNECTION_FAILED', { message: `The name ${host} cannot be resolved.` });
    throw new Failure('POLICY_DENIED', { message: `The host ${host} leads to an address that may not be reached from here.` });
  }
  const isAddress = parseAddress(host) !== undefined;
  return { url: href, plainHttp: scheme === 'http', pinned: isAddress ? undefined : { host, port, addresses: vetted.addresses } };
}
