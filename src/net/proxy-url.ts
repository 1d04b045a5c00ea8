import type { Proxy } from '#domain/network.ts';
import { err, ok } from '#domain/result.ts';
import type { Result } from '#domain/result.ts';
import { ASKED_ELSEWHERE } from './egress-policy.ts';
import { parseRemoteUrl } from './remote-url.ts';

/** Checks an address against syntax and egress policy (net/remote-url.ts). */
export type CheckHost = (
  text: string,
) => Result<{ readonly host: string; readonly port: number | undefined }, { readonly code: string; readonly message: string }>;

const MOST_CHARACTERS = 2_048;
const PARTS = /^(?<scheme>[a-z][a-z0-9+.-]*):\/\/(?:(?<user>[^@/?#\\]*)@)?(?<authority>[^@/?#\\]+)\/?$/i;
const CONTROL = /\p{Cc}/u;
const HAS_PORT = /:\d{1,5}$/;

/**
 * Reads the address of an HTTP proxy, with user name and password where it wants them. The proxy itself is put to the egress policy: one
 * inside the network is reached only where the operator allowed it. Errors hold nothing of what was sent.
 */
export function parseProxyUrl(text: string, checkHost: CheckHost): Result<Proxy, string> {
  const parts = text.length > MOST_CHARACTERS ? undefined : PARTS.exec(text)?.groups;
  if (CONTROL.test(text) || parts === undefined)
    return err(
      'Is no address of a proxy. It must look like http://proxy.example.com:3128, with user:password@ before the host where needed.',
    );
  const scheme = parts['scheme']?.toLowerCase();
  if (scheme !== 'http' && scheme !== 'https') return err('Only http and https proxies are used; SOCKS is not supported.');
  const authority = parts['authority'] ?? '';
  // Programs do not agree on the port of a proxy that names none: 80, 1080 and 3128 are all in use.
  if (scheme === 'http' && !HAS_PORT.test(authority)) return err('Must name its port, such as http://proxy.example.com:3128.');
  const checked = checkHost(`https://${authority}/proxy`);
  if (!checked.ok) {
    return err(
      checked.error.code === 'POLICY_DENIED'
        ? 'This proxy may not be reached from here. An operator can allow its host and port in TRIBUTARY_ALLOWED_HOSTS.'
        : 'The host of the proxy is not a name or an address in its usual form.',
    );
  }
  const access = readAccess(parts['user']);
  if (!access.ok) return access;
  return ok({ scheme, host: checked.value.host, port: checked.value.port ?? 443, access: access.value });
}

/**
 * One that was checked when it was sent, to be used. Whether the policy still lets it through is asked at every connection, so that settings
 * which the operator allows no more can be read and replaced.
 */
export function openProxyUrl(url: string): Proxy {
  const proxy = parseProxyUrl(url, (text) => parseRemoteUrl(text, ASKED_ELSEWHERE));
  if (!proxy.ok) throw new Error('a stored proxy is none');
  return proxy.value;
}

function readAccess(text: string | undefined): Result<Proxy['access'], string> {
  if (text === undefined || text === '') return ok(undefined);
  const [user = '', ...rest] = text.split(':');
  const username = decode(user);
  const secret = decode(rest.join(':'));
  // A colon in the name would end it (RFC 7617 2), a line break would begin another header.
  if (username === undefined || secret === undefined || username === '' || username.includes(':') || CONTROL.test(username + secret))
    return err(
      'Its user name or password cannot be sent: no control characters, no colon in the name, and every % followed by two digits.',
    );
  return ok({ username, secret });
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
