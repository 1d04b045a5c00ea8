import type { Config } from '#config.ts';
import { parseAllowedHosts } from '#net/allowed-hosts.ts';
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
