import type { Network } from './network.ts';
import type { GitAccess } from './words.ts';

/** A Git remote that may be reached: its address was vetted by the egress policy, and nothing is resolved again after that. */
export interface Remote {
  /** Canonical `https://` or `http://` URL, rebuilt from checked parts; never with user name, query or fragment. */
  readonly url: string;
  readonly access: GitAccess | undefined;
  /**
   * Addresses that the host resolved to when it was vetted; Git connects to these and no others. Behind a proxy, those of the proxy, which is
   * all that Git connects to. `undefined`: the host is an address.
   */
  readonly pinned: { readonly host: string; readonly port: number; readonly addresses: readonly string[] } | undefined;
  /** True only for a loopback address that the operator allowed. */
  readonly plainHttp: boolean;
  readonly network?: Network | undefined;
}
