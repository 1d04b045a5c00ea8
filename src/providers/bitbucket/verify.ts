import { createHmac, timingSafeEqual } from 'node:crypto';
import { err, ok } from '#domain/result.ts';
import type { Result } from '#domain/result.ts';
import type { DeliveryIdentity, Headers, HookSecrets, SignatureProblem, VerifiedBody, VerifiedDelivery } from '#providers/contract.ts';

/** SHA-256 under the name that GitHub's older SHA-1 has (PROVIDERS.md 2.3); any other algorithm is malformed. */
const SIGNATURE = /^sha256=([0-9a-f]{64})$/;
/** Nothing of Bitbucket's is longer; a longer key would only fill an index. */
const MOST_CHARACTERS = 200;

/** X-Hub-Signature over the bytes as received. A hook without a secret sends none, and is not believed. */
export function verify(body: Uint8Array, headers: Headers, secrets: HookSecrets): Result<VerifiedDelivery, SignatureProblem> {
  const header = headers['x-hub-signature'];
  if (header === undefined) return err('missing');
  const offered = typeof header === 'string' ? SIGNATURE.exec(header)?.[1] : undefined;
  if (offered === undefined) return err('malformed');
  const signature = Buffer.from(offered, 'hex');
  let matches = false;
  // All of them, always: how long it takes says nothing about which one matched.
  for (const { kind, secret } of secrets) {
    const expected = createHmac('sha256', secret).update(body).digest();
    matches = (timingSafeEqual(expected, signature) && kind === 'hmac' && secret !== '') || matches;
  }
  return matches ? ok({ body: body as VerifiedBody, by: 'hmac' }) : err('mismatch');
}

/** X-Request-UUID is the event's and the same for every attempt, so it is the key (PROVIDERS.md 2.3). */
export function identify(headers: Headers): Result<DeliveryIdentity, { readonly missing: string }> {
  const key = shortText(headers['x-request-uuid']);
  if (key === undefined) return err({ missing: 'X-Request-UUID' });
  const event = shortText(headers['x-event-key']);
  if (event === undefined) return err({ missing: 'X-Event-Key' });
  return ok({ key, event });
}

function shortText(value: Headers[string]): string | undefined {
  return typeof value === 'string' && value !== '' && value.length <= MOST_CHARACTERS ? value : undefined;
}
