import { isInRange, isLoopbackAddress, isPublicAddress, parseAddress } from './address.ts';
import type { AllowedHost, AllowedPorts } from './allowed-hosts.ts';
import { DEFAULT_PORTS } from './allowed-hosts.ts';
import { isLocalhostName, isPrivateName } from './host-name.ts';

/** A host as a canonical URL names it, IPv6 without brackets. */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

/** Of an http or https URL. */
export function endpointOf(url: URL): Endpoint {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  return { host, port: url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : Number(url.port) };
}

/**
 * What may be reached from here. Public addresses on 443 and 22, and what the operator allowed; there is no way to switch it off.
 * Pure: names are resolved by the caller, and every answer is put to `permits`.
 */
export interface EgressPolicy {
  /** Before anything is resolved: false when no answer of any resolver could make it permitted. */
  mayPermit(endpoint: Endpoint): boolean;
  /** Whether the host may be reached at these addresses: all of them or none. */
  permits(endpoint: Endpoint, addresses: readonly string[]): boolean;
  /** Whether the operator allowed the host by its name, whatever that leads to. */
  names(endpoint: Endpoint): boolean;
  /** Whether http without TLS may be spoken: a loopback address, or a name of this machine, that the operator allowed. */
  permitsPlainHttp(endpoint: Endpoint): boolean;
}

/** For what was put to the real policy a moment ago, or will be before anything is connected to. Never that of a connection by itself. */
export const ASKED_ELSEWHERE: EgressPolicy = {
  mayPermit: () => true,
  permits: (_, addresses) => addresses.length > 0,
  names: () => true,
  permitsPlainHttp: () => true,
};

export function createEgressPolicy(allowedHosts: readonly AllowedHost[]): EgressPolicy {
  const ranges = allowedHosts.filter((entry) => entry.kind === 'range');
  const namesHost = ({ host, port }: Endpoint): boolean =>
    allowedHosts.some((entry) => entry.kind === 'name' && entry.name === host && includes(entry.ports, port));
  const permitsAddress = (address: string, port: number): boolean =>
    (DEFAULT_PORTS.includes(port) && isPublicAddress(address)) ||
    ranges.some((range) => includes(range.ports, port) && isInRange(address, range));

  function permits(endpoint: Endpoint, addresses: readonly string[]): boolean {
    if (addresses.length === 0 || addresses.some((address) => parseAddress(address) === undefined)) return false;
    // A name of this machine that does not lead here was answered by someone else.
    if (isLocalhostName(endpoint.host) && !addresses.every((address) => isLoopbackAddress(address))) return false;
    if (namesHost(endpoint)) return true;
    return !isUnnamed(endpoint.host) && addresses.every((address) => permitsAddress(address, endpoint.port));
  }

  return {
    mayPermit(endpoint) {
      if (parseAddress(endpoint.host) !== undefined) return permits(endpoint, [endpoint.host]);
      if (namesHost(endpoint)) return true;
      if (isUnnamed(endpoint.host)) return false;
      return DEFAULT_PORTS.includes(endpoint.port) || ranges.some((range) => includes(range.ports, endpoint.port));
    },
    permits,
    names: namesHost,
    permitsPlainHttp(endpoint) {
      if (isLocalhostName(endpoint.host)) return namesHost(endpoint);
      return isLoopbackAddress(endpoint.host) && permits(endpoint, [endpoint.host]);
    },
  };
}

function includes(ports: AllowedPorts, port: number): boolean {
  return ports === 'any' || ports.includes(port);
}

/** A private name is let through by its own entry only: a range says nothing about who answers for the name. */
function isUnnamed(host: string): boolean {
  return parseAddress(host) === undefined && isPrivateName(host);
}
