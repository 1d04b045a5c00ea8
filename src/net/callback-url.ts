import { err, ok } from '#domain/result.ts';
import type { Result } from '#domain/result.ts';
import type { EgressPolicy } from './egress-policy.ts';
import { endpointOf } from './egress-policy.ts';

const MOST_CHARACTERS = 2_048;

/**
 * An address that somebody wants to be called at: https, or http to an allowed address of this machine, and one that the policy may permit.
 * The error is a sentence for the person who entered it, without what was entered.
 */
export function parseCallbackUrl(text: string, policy: Pick<EgressPolicy, 'mayPermit' | 'permitsPlainHttp'>): Result<URL, string> {
  const url = text.length <= MOST_CHARACTERS && !/[\s\p{Cc}\\]/u.test(text) ? URL.parse(text) : null;
  if (url === null || !/^https?:$/.test(url.protocol)) return err('Must be an https address.');
  if (url.username !== '' || url.password !== '' || url.hash !== '') return err('May hold no user name, password or fragment.');
  const endpoint = endpointOf(url);
  if (!policy.mayPermit(endpoint))
    return err(`The host ${endpoint.host} may not be reached from here. An operator can allow it in TRIBUTARY_ALLOWED_HOSTS.`);
  if (url.protocol === 'http:' && !policy.permitsPlainHttp(endpoint)) return err('Must be https: what is sent would be read on the way.');
  return ok(url);
}
