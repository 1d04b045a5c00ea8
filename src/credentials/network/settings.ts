import { v7 as newId } from 'uuid';
import { z } from 'zod';
import type { FieldErrors } from '#domain/refusal.ts';
import { TLS_OFF_WARNING } from '#domain/network.ts';
import { parseCaCertificates } from '#net/ca-certificate.ts';
import type { CheckHost } from '#net/proxy-url.ts';
import { parseProxyUrl } from '#net/proxy-url.ts';
import type { Reader } from '#credentials/store.ts';
import type { Vault } from '#credentials/vault.ts';
import type { NetworkOwner, NetworkRow } from './store.ts';
import { findNetwork, putNetwork, removeNetwork } from './store.ts';

/** What stands for a proxy's address wherever it is shown; sent back, it leaves the address as it is. */
const HIDDEN = '***';

export const networkInput = z
  .strictObject({
    ca_certificate: z.string().max(300_000).nullable().describe('PEM of the certificate authorities to trust in place of the system’s.'),
    proxy_url: z
      .string()
      .max(2_048)
      .nullable()
      .describe('HTTP proxy, such as http://user:password@proxy.example.com:3128. Never returned.'),
    tls_verify: z.boolean().nullable().describe('false believes whoever answers. Give a ca_certificate instead.'),
  })
  .partial();

/** As sent: what is absent stays, null takes away; null as a whole takes all of it away. */
export type NetworkInput = z.infer<typeof networkInput>;

/** As every interface shows it. null: as the credential, or the machine, has it. */
export interface ShownNetwork {
  readonly ca_certificate: string | null;
  readonly proxy_url: string | null;
  readonly tls_verify: boolean | null;
}

export function showNetwork(row: NetworkRow | undefined): ShownNetwork {
  return {
    ca_certificate: row?.ca_certificate ?? null,
    proxy_url: row?.sealed_proxy_url == null ? null : HIDDEN,
    tls_verify: row?.tls_verify ?? null,
  };
}

/** What is to be said wherever the settings are shown. */
export function warnOfNetwork(row: Pick<NetworkRow, 'tls_verify'> | undefined): readonly string[] {
  return row?.tls_verify === false ? [TLS_OFF_WARNING] : [];
}

/** What is wrong with the settings; an empty object when nothing is. `checkHost` is that of remotes (net/remote-url.ts). */
export function checkNetwork(input: NetworkInput | null | undefined, checkHost: CheckHost, now: Date): FieldErrors {
  const problems = [
    ['ca_certificate', typeof input?.ca_certificate === 'string' ? parseCaCertificates(input.ca_certificate, now) : undefined],
    ['proxy_url', isNewProxy(input?.proxy_url) ? parseProxyUrl(input.proxy_url, checkHost) : undefined],
  ] as const;
  const messages = problems.flatMap(([field, read]) => (read === undefined || read.ok ? [] : [`${field}: ${read.error}`]));
  return messages.length === 0 ? {} : { network: messages };
}

export interface NetworkDeps {
  readonly vault: Pick<Vault, 'seal'>;
}

export interface NetworkPlace {
  readonly owner: NetworkOwner;
  readonly organizationId: string;
  readonly now: Date;
}

/** Keeps settings that were checked. True when something is another way now. */
export async function saveNetwork(
  { vault }: NetworkDeps,
  tx: Reader,
  { owner, organizationId, now }: NetworkPlace,
  input: NetworkInput | null | undefined,
): Promise<boolean> {
  if (input === undefined) return false;
  const before = await findNetwork(tx, owner);
  const id = before?.id ?? newId();
  const given = input ?? { ca_certificate: null, proxy_url: null, tls_verify: null };
  const after = {
    ca_certificate: given.ca_certificate === undefined ? (before?.ca_certificate ?? null) : readAuthorities(given.ca_certificate, now),
    sealed_proxy_url: isNewProxy(given.proxy_url)
      ? vault.seal(given.proxy_url, { table: 'networks', field: 'proxy_url', rowId: id, organizationId })
      : given.proxy_url === null
        ? null
        : (before?.sealed_proxy_url ?? null),
    tls_verify: given.tls_verify === undefined ? (before?.tls_verify ?? null) : given.tls_verify,
  };
  const isNothing = Object.values(after).every((value) => value === null);
  if (isNothing && before === undefined) return false;
  if (isNothing) await removeNetwork(tx, owner);
  else await putNetwork(tx, owner, { id, organization_id: organizationId, ...after });
  return true;
}

/** An address, and not what stands for the one that is kept. */
export function isNewProxy(url: string | null | undefined): url is string {
  return typeof url === 'string' && url !== HIDDEN;
}

function readAuthorities(pem: string | null, now: Date): string | null {
  if (pem === null) return null;
  const read = parseCaCertificates(pem, now);
  if (!read.ok) throw new Error('the settings were not checked');
  return read.value;
}
