import { err, ok } from '#domain/result.ts';
import type { Result } from '#domain/result.ts';
import { parseAddress } from './address.ts';
import type { EgressPolicy } from './egress-policy.ts';
import { isHostName } from './host-name.ts';

/** A remote's address, rebuilt from parts that were checked: what is stored, shown and given to Git is this and never what was typed. */
export interface RemoteUrl {
  readonly href: string;
  readonly scheme: 'https' | 'http';
  /** Lower case; IPv6 without brackets. */
  readonly host: string;
  readonly port: number;
  /** Begins with a slash; case kept. */
  readonly path: string;
}

export interface UrlProblem {
  readonly code: 'URL_INVALID' | 'URL_CREDENTIAL' | 'URL_SCHEME' | 'POLICY_DENIED';
  /** For the person who typed it. Never holds what they typed: it may be a secret. */
  readonly message: string;
}

const MOST_CHARACTERS = 2_048;
/** Everything that two parsers were seen to read in two ways, or that one of them drops (SECURITY.md fact 1). */
const UNSAFE = /[^\x21-\x7e]|[\\"<>^`{|}]/;
const URL_PARTS = /^(?<scheme>[a-z][a-z0-9+.-]*):\/\/(?<authority>[^/?#]*)(?<path>\/[^?#]*)?(?<rest>[?#].*)?$/i;
const AUTHORITY = /^(?:\[(?<v6>[0-9a-f:.]+)\]|(?<host>[a-z0-9._-]+))(?::(?<port>\d{1,5}))?$/i;
/** Percent-encoding is kept for what cannot be a separator, a dot or a control character. */
const PATH_PART = /^(?:[\w.~!$&'()*+,;=:@-]|%(?![01]|2[ef]|5c|7f)[0-9a-f]{2})+$/i;
const SCP_FORM = /^(?:[^/:@]+@)?[^/:]+:(?!\/\/)/;

/**
 * Checks the address of a Git remote against a grammar that leaves nothing to interpretation, and against the egress policy as far
 * as that goes without resolving (`vetRemote` does the rest, for every run). Two spellings of one remote give one `href`.
 */
export function parseRemoteUrl(text: string, policy: EgressPolicy): Result<RemoteUrl, UrlProblem> {
  if (text.length > MOST_CHARACTERS) return invalid(`The address is longer than ${MOST_CHARACTERS} characters.`);
  if (UNSAFE.test(text))
    return invalid(
      'The address holds a character that has no place in one: a space, a backslash, a control character or one beyond ASCII.',
    );
  const parts = URL_PARTS.exec(text)?.groups;
  if (parts === undefined)
    return SCP_FORM.test(text) ? noSsh() : invalid('That is not an address. It must look like https://host/owner/repository.git.');
  const scheme = parts['scheme']?.toLowerCase() ?? '';
  const authority = parts['authority'] ?? '';
  if (authority.includes('@'))
    return problem('URL_CREDENTIAL', 'The address holds a user name or secret. Remove it and use a credential instead.');
  if (scheme === 'ssh' || scheme === 'git+ssh') return noSsh();
  if (scheme !== 'https' && scheme !== 'http') return problem('URL_SCHEME', 'Only https addresses are fetched from.');
  if (parts['rest'] !== undefined) return invalid('The address has a query or a fragment, which no Git remote needs.');
  const host = parseAuthority(authority, scheme);
  if (host === undefined) return invalid('The host is not a name or an address in its usual form.');
  const path = parsePath(parts['path'] ?? '');
  if (path === undefined)
    return invalid('The path of the repository is missing, or holds an empty, "." or ".." part, or a character that is not allowed.');
  return permit({ scheme, ...host, path }, policy);
}

/** Equal for two spellings of one remote: without `.git` and a trailing slash. */
export function sameRemoteKey(href: string): string {
  return href.replace(/\/+$/, '').replace(/\.git$/i, '');
}

function parseAuthority(authority: string, scheme: 'https' | 'http'): { readonly host: string; readonly port: number } | undefined {
  const groups = AUTHORITY.exec(authority)?.groups;
  if (groups === undefined) return undefined;
  const port = groups['port'] === undefined ? defaultPort(scheme) : Number(groups['port']);
  if (port < 1 || port > 65_535) return undefined;
  const v6 = groups['v6'];
  if (v6 !== undefined) {
    const address = v6.includes(':') ? parseAddress(v6) : undefined;
    return address?.kind() === 'ipv6' ? { host: address.toString(), port } : undefined;
  }
  const host = (groups['host'] ?? '').toLowerCase();
  const isAddress = parseAddress(host) !== undefined;
  return isAddress || isHostName(host) ? { host, port } : undefined;
}

function parsePath(text: string): string | undefined {
  const path = text.replace(/\/+$/, '');
  const parts = path.split('/').slice(1);
  if (parts.length === 0) return undefined;
  // A part that begins with a dash could be taken for an option by something down the line.
  const bad = parts.some((part) => !PATH_PART.test(part) || part === '.' || part === '..' || part.startsWith('-'));
  return bad ? undefined : path;
}

function permit({ scheme, host, port, path }: Omit<RemoteUrl, 'href'>, policy: EgressPolicy): Result<RemoteUrl, UrlProblem> {
  const endpoint = { host, port };
  if (scheme === 'http' && !policy.permitsPlainHttp(endpoint)) {
    return problem(
      'URL_SCHEME',
      'Plain http is not secure; use https. Only a loopback address that the operator allowed may be reached over http.',
    );
  }
  if (!policy.mayPermit(endpoint)) {
    return problem('POLICY_DENIED', 'This address is not public, or not on port 443. An operator can allow it in TRIBUTARY_ALLOWED_HOSTS.');
  }
  const shownHost = host.includes(':') ? `[${host}]` : host;
  const shownPort = port === defaultPort(scheme) ? '' : `:${port}`;
  return ok({ href: `${scheme}://${shownHost}${shownPort}${path}`, scheme, host, port, path });
}

function defaultPort(scheme: 'https' | 'http'): number {
  return scheme === 'https' ? 443 : 80;
}

function noSsh(): Result<never, UrlProblem> {
  return problem('URL_SCHEME', 'SSH remotes are not supported yet. Use the https address of the repository.');
}

function invalid(message: string): Result<never, UrlProblem> {
  return problem('URL_INVALID', message);
}

function problem(code: UrlProblem['code'], message: string): Result<never, UrlProblem> {
  return err({ code, message });
}
