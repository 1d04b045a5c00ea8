import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';

type Address = ipaddr.IPv4 | ipaddr.IPv6;

/** Global unicast, all that is given out (RFC 4291 2.4). What lies outside, such as `::127.0.0.1`, ipaddr.js calls unicast too. */
const GLOBAL_IPV6 = ipaddr.IPv6.parseCIDR('2000::/3');
/** Where DNS64 puts the IPv4 hosts that an IPv6-only network reaches (RFC 6052); it is as public as the address inside. */
const NAT64 = ipaddr.IPv6.parseCIDR('64:ff9b::/96');
/** Azure's wire server: metadata and credentials of the machine behind an address that looks public. */
const AZURE_WIRE_SERVER = '168.63.129.16';

/**
 * An address in its one form, IPv4 inside IPv6 taken out; undefined for anything else.
 * Strict on purpose: `127.1`, `0177.0.0.1` and `2130706433` are addresses to some resolvers, so they are none here.
 */
export function parseAddress(text: string): Address | undefined {
  // A zone (`fe80::1%eth0`) names an interface of this machine.
  if (isIP(text) === 0 || text.includes('%')) return undefined;
  const address = ipaddr.process(text);
  if (!isIPv6(address) || !address.match(NAT64)) return address;
  return ipaddr.fromByteArray(address.toByteArray().slice(12));
}

/** Which kind of address a text is, as written: IPv4 inside IPv6 is IPv6. Undefined for anything else, names among it. */
export function addressKind(text: string): 4 | 6 | undefined {
  const kind = isIP(text);
  return kind === 4 || kind === 6 ? kind : undefined;
}

/** Whether an address is one of the public internet, so that reaching it gives nothing that anyone else has not. */
export function isPublicAddress(text: string): boolean {
  const address = parseAddress(text);
  if (address === undefined || address.range() !== 'unicast') return false;
  if (isIPv6(address)) return address.match(GLOBAL_IPV6);
  return address.toString() !== AZURE_WIRE_SERVER;
}

export function isLoopbackAddress(text: string): boolean {
  return parseAddress(text)?.range() === 'loopback';
}

/** Whether the address lies in the range. Kinds are not mixed: an IPv6 range holds no IPv4 address. */
export function isInRange(text: string, range: { readonly address: string; readonly prefix: number }): boolean {
  const address = parseAddress(text);
  const base = parseAddress(range.address);
  if (address === undefined || base === undefined || address.kind() !== base.kind()) return false;
  return address.match(base, range.prefix);
}

function isIPv6(address: Address): address is ipaddr.IPv6 {
  return address.kind() === 'ipv6';
}
