import type { Config } from '#config.ts';
import type { AllowedHost } from '#net/allowed-hosts.ts';
import { parseAllowedHosts } from '#net/allowed-hosts.ts';
import { parseDnsServers } from '#net/resolve.ts';
import type { Check } from '#domain/check.ts';
import { fail, pass, warn } from '#domain/check.ts';

/** A larger range than an organization's own network is rarely meant. */
const WIDE_IPV4 = 12;
const WIDE_IPV6 = 40;

/** Whether every entry of TRIBUTARY_ALLOWED_HOSTS means something, and none lets through more than anybody wants. */
export function checkAllowedHosts({ allowedHosts }: Config): readonly Check[] {
  const name = 'allowed-hosts';
  const hosts = parseAllowedHosts(allowedHosts);
  if (!hosts.ok) {
    return hosts.error.map((problem) =>
      fail(name, `TRIBUTARY_ALLOWED_HOSTS: ${problem}.`, 'Write host, host:port, address or CIDR, separated by commas.'),
    );
  }
  const dangers = hosts.value.flatMap((host) => dangersOf(host));
  if (dangers.length > 0) return dangers.map(([detail, help]) => warn(name, `TRIBUTARY_ALLOWED_HOSTS: ${detail}`, help));
  if (hosts.value.length === 0) return [pass(name, 'Only public addresses are reached, on ports 443 and 22.')];
  return [
    pass(
      name,
      `${hosts.value.length} private ${hosts.value.length === 1 ? 'entry is' : 'entries are'} let through besides public addresses.`,
    ),
  ];
}

function dangersOf(host: AllowedHost): readonly (readonly [detail: string, help: string])[] {
  if (host.kind === 'name') return host.ports === 'any' ? [loopback(host.name)] : [];
  const { address, prefix, ports } = host;
  const text = `${address}/${prefix}`;
  const isIpv4 = !address.includes(':');
  return [
    ...(ports === 'any' ? [loopback(text)] : []),
    ...(prefix < (isIpv4 ? WIDE_IPV4 : WIDE_IPV6) && ports !== 'any'
      ? [
          [
            `${text} lets a very large range through.`,
            'Name the hosts, or the smallest range, that repositories and providers are in.',
          ] as const,
        ]
      : []),
    ...(isIpv4 && address.startsWith('169.254.')
      ? [[`${text} holds the address where clouds hand out credentials of the machine.`, 'Remove it: no repository is there.'] as const]
      : []),
  ];
}

function loopback(text: string): readonly [string, string] {
  return [
    `${text} lets whoever may register a repository reach every port of this machine.`,
    'Name the port: 127.0.0.1:8443. For a trial on one’s own machine it is fine.',
  ];
}

/** Whether every entry of TRIBUTARY_DNS_SERVERS is an address. Whether a server answers is seen when a name is needed. */
export function checkDnsServers({ dnsServers }: Config): readonly Check[] {
  const name = 'dns-servers';
  const servers = parseDnsServers(dnsServers);
  if (!servers.ok) {
    return servers.error.map((problem) =>
      fail(name, `TRIBUTARY_DNS_SERVERS: ${problem}.`, 'Write address or address:port, IPv6 with a port in brackets, separated by commas.'),
    );
  }
  if (servers.value.length === 0) return [pass(name, 'Names are looked up as this machine is configured.')];
  return [pass(name, `Names are looked up at ${servers.value.join(', ')}.`)];
}
