import type { Check } from '#domain/check.ts';
import { pass, warn } from '#domain/check.ts';
import { TLS_OFF_HELP, TLS_OFF_WARNING } from '#domain/network.ts';

/** More are counted and not named. */
const MOST_NAMED = 5;

/** Whether anything is fetched from whoever answers. */
export function checkNetworks(unverified: readonly { readonly what: string; readonly name: string }[]): Check {
  const name = 'tls-verification';
  if (unverified.length === 0) return pass(name, 'The certificate of every server is verified.');
  const named = unverified.slice(0, MOST_NAMED).map((one) => `${one.what} "${one.name}"`);
  const more = unverified.length > MOST_NAMED ? `, and ${unverified.length - MOST_NAMED} more` : '';
  return warn(name, `${TLS_OFF_WARNING} It is off for ${named.join(', ')}${more}.`, TLS_OFF_HELP);
}
