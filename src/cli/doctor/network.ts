import type { Config } from '#config.ts';
import { parseAllowedHosts } from '#net/allowed-hosts.ts';
import { parseDnsServers } from '#net/resolve.ts';
import type { Check } from './check.ts';
import { fail, pass } from './check.ts';

/** Whether every entry of TRIBUTARY_ALLOWED_HOSTS means something. */
export function checkAllowedHosts({ allowedHosts }: Config): readonly Check[] {
  const name = 'allowed-hosts';
  const hosts = parseAllowedHosts(allowedHosts);
  if (!hosts.ok) {
    return hosts.error.map((problem) =>
      fail(name, `TRIBUTARY_ALLOWED_HOSTS: ${problem}.`, 'Write host, host:port, address or CIDR, separated by commas.'),
    );
  }
  if (hosts.value.length === 0) return [pass(name, 'Only public addresses are reached, on ports 443 and 22.')];
  return [
    pass(
      name,
      `${hosts.value.length} private ${hosts.value.length === 1 ? 'entry is' : 'entries are'} let through besides public addresses.`,
    ),
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
