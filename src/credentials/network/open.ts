import { Failure } from '#domain/failure.ts';
import type { Network } from '#domain/network.ts';
import type { CheckHost } from '#net/proxy-url.ts';
import { parseProxyUrl } from '#net/proxy-url.ts';
import type { Reader } from '#credentials/store.ts';
import type { Vault } from '#credentials/vault.ts';
import type { NetworkInput } from './settings.ts';
import { isNewProxy } from './settings.ts';
import type { NetworkRow } from './store.ts';
import { findNetwork } from './store.ts';

export interface OpenNetworkDeps {
  readonly database: Reader;
  readonly vault: Pick<Vault, 'open'>;
  readonly checkHost: CheckHost;
}

/** Who is to be reached: with which credential, for which repository. */
export interface NetworkUse {
  readonly credentialId?: string | null | undefined;
  readonly repositoryId?: string | undefined;
}

/** How a server is reached for whom; `sent`, settings that are only tried, over what is stored. Throws as `openNetwork`. */
export type OpenNetwork = (use: NetworkUse, sent?: NetworkInput | null) => Promise<Network | undefined>;

/**
 * How a server is reached with a credential for a repository; `sent`, settings that were checked and are only tried, over what is stored.
 * undefined: by the machine's own way. Throws Failure: SECRET_UNREADABLE, POLICY_DENIED (the operator allows the proxy no more).
 */
export async function openNetwork(deps: OpenNetworkDeps, use: NetworkUse, sent?: NetworkInput | null): Promise<Network | undefined> {
  if (sent === null) return undefined;
  const stored = await openStored(deps, use);
  if (sent === undefined) return stored;
  const { ca_certificate: ca, proxy_url: proxy, tls_verify: verify } = sent;
  const isKept = !isNewProxy(proxy) && proxy !== null;
  return {
    caCertificate: ca === undefined ? stored?.caCertificate : (ca ?? undefined),
    proxy: isKept ? stored?.proxy : proxy === null ? undefined : readProxy(deps, proxy),
    tlsVerify: verify === undefined ? (stored?.tlsVerify ?? true) : (verify ?? true),
  };
}

/** What the repository says wins, setting by setting. */
async function openStored(deps: OpenNetworkDeps, { credentialId, repositoryId }: NetworkUse): Promise<Network | undefined> {
  const [ofRepository, ofCredential] = [
    repositoryId === undefined ? undefined : await findNetwork(deps.database, { repositoryId }),
    credentialId == null ? undefined : await findNetwork(deps.database, { credentialId }),
  ];
  const rows = [ofRepository, ofCredential].filter((row) => row !== undefined);
  if (rows.length === 0) return undefined;
  const withProxy = rows.find((row) => row.sealed_proxy_url !== null);
  return {
    caCertificate: rows.find((row) => row.ca_certificate !== null)?.ca_certificate ?? undefined,
    proxy: withProxy === undefined ? undefined : readProxy(deps, openProxyUrl(deps, withProxy)),
    tlsVerify: rows.find((row) => row.tls_verify !== null)?.tls_verify ?? true,
  };
}

function openProxyUrl({ vault }: Pick<OpenNetworkDeps, 'vault'>, row: NetworkRow): string {
  const place = { table: 'networks', field: 'proxy_url', rowId: row.id, organizationId: row.organization_id } as const;
  return vault.open(row.sealed_proxy_url ?? new Uint8Array(), place);
}

function readProxy({ checkHost }: Pick<OpenNetworkDeps, 'checkHost'>, url: string): NonNullable<Network['proxy']> {
  const proxy = parseProxyUrl(url, checkHost);
  if (!proxy.ok) throw new Failure('POLICY_DENIED', { message: `The proxy is not used. ${proxy.error}` });
  return proxy.value;
}
