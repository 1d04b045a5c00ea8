import type { Network } from '#domain/network.ts';
import { openProxyUrl } from '#net/proxy-url.ts';
import type { Reader } from '#credentials/store.ts';
import type { Vault } from '#credentials/vault.ts';
import type { NetworkInput } from './settings.ts';
import { isNewProxy } from './settings.ts';
import type { NetworkRow, NetworkUse } from './store.ts';
import { findNetworks } from './store.ts';

export interface OpenNetworkDeps {
  readonly database: Reader;
  readonly vault: Pick<Vault, 'open'>;
}

/** How a server is reached for whom; `sent`, settings that are only tried, over what is stored. Throws as `openNetwork`. */
export type OpenNetwork = (use: NetworkUse, sent?: NetworkInput | null) => Promise<Network | undefined>;

/**
 * How a server is reached with a credential for a repository; `sent`, settings that were checked and are only tried, over what is stored.
 * undefined: by the machine's own way. Throws Failure SECRET_UNREADABLE.
 */
export async function openNetwork(deps: OpenNetworkDeps, use: NetworkUse, sent?: NetworkInput | null): Promise<Network | undefined> {
  if (sent === null) return undefined;
  const stored = await openStored(deps, use);
  if (sent === undefined) return stored;
  const { ca_certificate: ca, proxy_url: proxy, tls_verify: verify } = sent;
  const isKept = !isNewProxy(proxy) && proxy !== null;
  return {
    caCertificate: ca === undefined ? stored?.caCertificate : (ca ?? undefined),
    proxy: isKept ? stored?.proxy : proxy === null ? undefined : openProxyUrl(proxy),
    tlsVerify: verify === undefined ? (stored?.tlsVerify ?? true) : (verify ?? true),
  };
}

/** What the repository says wins, setting by setting. */
async function openStored(deps: OpenNetworkDeps, use: NetworkUse): Promise<Network | undefined> {
  const rows = await findNetworks(deps.database, use);
  if (rows.length === 0) return undefined;
  const withProxy = rows.find((row) => row.sealed_proxy_url !== null);
  return {
    caCertificate: rows.find((row) => row.ca_certificate !== null)?.ca_certificate ?? undefined,
    proxy: withProxy === undefined ? undefined : openProxyUrl(openSealed(deps, withProxy)),
    tlsVerify: rows.find((row) => row.tls_verify !== null)?.tls_verify ?? true,
  };
}

function openSealed({ vault }: Pick<OpenNetworkDeps, 'vault'>, row: NetworkRow): string {
  const place = { table: 'networks', field: 'proxy_url', rowId: row.id, organizationId: row.organization_id } as const;
  return vault.open(row.sealed_proxy_url ?? new Uint8Array(), place);
}
