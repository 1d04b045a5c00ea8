import { err, ok } from '#domain/result.ts';
import type { Result } from '#domain/result.ts';
import type { DeliveryIdentity, Headers, HookSecrets, SignatureProblem, VerifiedDelivery } from '#providers/contract.ts';
import { shortText, verifyHmac } from '#providers/delivery.ts';

/** SHA-256 under the name that GitHub's older SHA-1 has (PROVIDERS.md 2.3); any other algorithm is malformed. */
const SIGNATURE = /^sha256=([0-9a-f]{64})$/;

/** X-Hub-Signature over the bytes as received. A hook without a secret sends none, and is not believed. */
export function verify(body: Uint8Array, headers: Headers, secrets: HookSecrets): Result<VerifiedDelivery, SignatureProblem> {
  const header = headers['x-hub-signature'];
  if (header === undefined) return err('missing');
  const offered = typeof header === 'string' ? SIGNATURE.exec(header)?.[1] : undefined;
  if (offered === undefined) return err('malformed');
  return verifyHmac(body, offered, secrets);
}

/** X-Request-UUID is the event's and the same for every attempt, so it is the key (PROVIDERS.md 2.3). */
export function identify(headers: Headers): Result<DeliveryIdentity, { readonly missing: string }> {
  const key = shortText(headers['x-request-uuid']);
  if (key === undefined) return err({ missing: 'X-Request-UUID' });
  const event = shortText(headers['x-event-key']);
  if (event === undefined) return err({ missing: 'X-Event-Key' });
  return ok({ key, event });
}
