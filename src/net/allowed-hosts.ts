import { err, ok } from '#domain/result.ts';
import type { Result } from '#domain/result.ts';
import { isLoopbackAddress, parseAddress } from './address.ts';
import { isHostName, isLocalhostName } from './host-name.ts';

/** One entry of TRIBUTARY_ALLOWED_HOSTS: what the operator lets through although it is private, or on another port. */
export type AllowedHost =
  | { readonly kind: 'name'; readonly name: string; readonly ports: AllowedPorts }
  | { readonly kind: 'range'; readonly address: string; readonly prefix: number; readonly ports: AllowedPorts };

export type AllowedPorts = readonly number[] | 'any';

/** HTTPS and SSH: what every host may be reached on. */
export const DEFAULT_PORTS: readonly number[] = [443, 22];

/**
 * Reads TRIBUTARY_ALLOWED_HOSTS: comma-separated `host[:port]`, address or CIDR with an optional port, IPv6 in brackets where a
 * port follows. Without a port 443 and 22, for a loopback address any. The error lists every entry that cannot be read.
 */
export function parseAllowedHosts(text: string): Result<readonly AllowedHost[], readonly string[]> {
  const entries = text
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');
  const parsed = entries.map((entry) => parseEntry(entry));
  const problems = entries
    .filter((_, index) => parsed[index] === undefined)
    .map(
      (entry) =>
        `${JSON.stringify(entry)} ${/\/0+(?::|$)/.test(entry) ? 'would let every address through' : 'is not a host, address or CIDR'}`,
    );
  return problems.length > 0 ? err(problems) : ok(parsed.filter((entry) => entry !== undefined));
}

const BRACKETS = /^\[(?<host>[^\]]+)\](?<prefix>\/\d{1,3})?(?::(?<port>\d{1,5}))?$/;
const PLAIN = /^(?<host>[^:[\]/]+)(?<prefix>\/\d{1,3})?(?::(?<port>\d{1,5}))?$/;
const BARE_IPV6 = /^(?<host>[0-9a-f:.]*:[0-9a-f:.]*:[0-9a-f:.]*)(?<prefix>\/\d{1,3})?$/i;

function parseEntry(entry: string): AllowedHost | undefined {
  const parts = (BARE_IPV6.exec(entry) ?? BRACKETS.exec(entry) ?? PLAIN.exec(entry))?.groups;
  if (parts?.['host'] === undefined) return undefined;
  const port = parts['port'] === undefined ? undefined : Number(parts['port']);
  if (port !== undefined && (port < 1 || port > 65_535)) return undefined;
  const ports = port === undefined ? undefined : [port];
  return toRange(parts['host'], parts['prefix'], ports) ?? (parts['prefix'] === undefined ? toName(parts['host'], ports) : undefined);
}

function toRange(host: string, prefixText: string | undefined, ports: AllowedPorts | undefined): AllowedHost | undefined {
  const address = parseAddress(host);
  if (address === undefined) return undefined;
  const bits = address.kind() === 'ipv4' ? 32 : 128;
  const prefix = prefixText === undefined ? bits : Number(prefixText.slice(1));
  // 0.0.0.0/0 would switch the policy off, and nothing may do that.
  if (prefix < 1 || prefix > bits) return undefined;
  const fallback = isLoopbackAddress(host) && prefix >= (bits === 32 ? 8 : 128) ? 'any' : DEFAULT_PORTS;
  return { kind: 'range', address: address.toString(), prefix, ports: ports ?? fallback };
}

function toName(host: string, ports: AllowedPorts | undefined): AllowedHost | undefined {
  const name = host.toLowerCase();
  if (!isHostName(name)) return undefined;
  return { kind: 'name', name, ports: ports ?? (isLocalhostName(name) ? 'any' : DEFAULT_PORTS) };
}
