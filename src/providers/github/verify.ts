import { err, ok } from '#domain/result.ts';
import type { Result } from '#domain/result.ts';
import type { DeliveryIdentity, Headers, HookSecrets, SignatureProblem, VerifiedDelivery } from '#providers/contract.ts';
import { shortText, verifyHmac } from '#providers/delivery.ts';

const SIGNATURE = /^sha256=([0-9a-f]{64})$/;

/**
 * X-Hub-Signature-256 over the bytes as received (PROVIDERS.md 2.1). The older SHA-1 header is not looked at. node:crypto and not
 * @octokit/webhooks-methods, which takes text only: a body that is not UTF-8 would never verify there, though GitHub signed it.
 */
export function verify(body: Uint8Array, headers: Headers, secrets: HookSecrets): Result<VerifiedDelivery, SignatureProblem> {
  const header = headers['x-hub-signature-256'];
  if (typeof header !== 'string') return err('missing');
  const offered = SIGNATURE.exec(header)?.[1];
  if (offered === undefined) return err('malformed');
  return verifyHmac(body, offered, secrets);
}

/** X-GitHub-Delivery is the same for every redelivery, so it is the key (PROVIDERS.md 2.1). */
export function identify(headers: Headers): Result<DeliveryIdentity, { readonly missing: string }> {
  const key = shortText(headers['x-github-delivery']);
  if (key === undefined) return err({ missing: 'X-GitHub-Delivery' });
  const event = shortText(headers['x-github-event']);
  if (event === undefined) return err({ missing: 'X-GitHub-Event' });
  return ok({ key, event });
}
