import { openNetwork } from '#credentials/network/open.ts';
import type { OpenNetworkDeps } from '#credentials/network/open.ts';
import type { EgressFetch } from '#net/egress-fetch.ts';
import type { EgressPolicy } from '#net/egress-policy.ts';
import { parseRemoteUrl } from '#net/remote-url.ts';
import type { ResolveHost } from '#net/resolve.ts';
import { vetRemote } from '#net/vet-remote.ts';
import type { OpenDeps } from '#repositories/open.ts';

export interface ReachDeps extends Pick<OpenNetworkDeps, 'database' | 'vault'> {
  readonly policy: EgressPolicy;
  readonly resolve: ResolveHost;
  readonly egress: Pick<EgressFetch, 'through'>;
}

/** How servers are reached: each by the way that its credential and repository say, and none around the policy. */
export function createReach({
  database,
  vault,
  policy,
  resolve,
  egress,
}: ReachDeps): Pick<OpenDeps, 'vetRemote' | 'openNetwork' | 'through'> {
  const deps: OpenNetworkDeps = { database, vault, checkHost: (text) => parseRemoteUrl(text, policy) };
  return {
    vetRemote: (url, network) => vetRemote(url, policy, resolve, network),
    openNetwork: (use, sent) => openNetwork(deps, use, sent),
    through: egress.through,
  };
}
