import { err, ok } from '#domain/result.ts';
import type { Result } from '#domain/result.ts';
import type { DeliveryIdentity, Headers } from '#providers/contract.ts';
import { shortText } from '#providers/delivery.ts';

/**
 * `webhook-id` (19.0, covered by the signature) and `Idempotency-Key` (17.4) are the same for every retry and resend of a delivery.
 * An older server says only which event it was; deliveries that an event set off in turn share that, so what they say tells
 * them apart (PROVIDERS.md 2.2).
 */
export function identify(headers: Headers, bodyHash: string): Result<DeliveryIdentity, { readonly missing: string }> {
  const event = shortText(headers['x-gitlab-event']) ?? 'unknown';
  const key = shortText(headers['webhook-id']) ?? shortText(headers['idempotency-key']);
  if (key !== undefined) return ok({ key, event });
  const eventId = shortText(headers['x-gitlab-event-uuid']);
  return eventId === undefined ? err({ missing: 'Idempotency-Key' }) : ok({ key: `${eventId}:${bodyHash}`, event });
}
