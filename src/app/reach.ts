import type { BudgetDeps } from '#credentials/budget/keep-budget.ts';
import { keepBudget } from '#credentials/budget/keep-budget.ts';
import { openNetwork } from '#credentials/network/open.ts';
import type { OpenNetworkDeps } from '#credentials/network/open.ts';
import type { Database } from '#db/database.ts';
import type { EgressFetch } from '#net/egress-fetch.ts';
import type { EgressPolicy } from '#net/egress-policy.ts';
import type { ResolveHost } from '#net/resolve.ts';
import { vetRemote } from '#net/vet-remote.ts';
import type { OpenDeps } from '#repositories/open.ts';

export interface ReachDeps extends Pick<OpenNetworkDeps, 'vault'> {
  readonly database: Database;
  readonly policy: EgressPolicy;
  readonly resolve: ResolveHost;
  readonly egress: Pick<EgressFetch, 'through'>;
  readonly writesPerMinute: number;
  readonly waited: BudgetDeps['waited'];
}

/** How servers are reached: each by the way that its credential and repository say, and none around the policy. */
export function createReach({
  database,
  vault,
  policy,
  resolve,
  egress,
  writesPerMinute,
  waited,
}: ReachDeps): Pick<OpenDeps, 'vetRemote' | 'openNetwork' | 'through'> {
  const deps: OpenNetworkDeps = { database, vault };
  return {
    vetRemote: (url, network) => vetRemote(url, policy, resolve, network),
    openNetwork: (use, sent) => openNetwork(deps, use, sent),
    through(network, use) {
      const fetch = egress.through(network);
      return use === undefined ? fetch : keepBudget({ database, writesPerMinute, waited }, fetch, use);
    },
  };
}
