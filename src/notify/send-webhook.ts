import { Webhook } from 'standardwebhooks';
import { Failure } from '#domain/failure.ts';

export interface WebhookMessage {
  readonly url: string;
  readonly key: string;
  /** The same for every attempt: receivers drop what they have had. */
  readonly id: string;
  readonly body: string;
}

const SEND_WITHIN_MS = 15_000;

/**
 * Posts a message by the Standard Webhooks form (standardwebhooks.com): id, time and signature in headers, the signature over all of it.
 * Resolves with what the receiver answered. Throws Failure: NOTIFICATION_FAILED for an answer that is no success, RATE_LIMITED with when to come
 * again, and what the way out throws.
 */
export async function sendWebhook(fetch: typeof globalThis.fetch, message: WebhookMessage, signal: AbortSignal): Promise<string> {
  const { url, key, id, body } = message;
  const at = new Date();
  const answer = await fetch(url, {
    method: 'POST',
    redirect: 'manual',
    signal: AbortSignal.any([signal, AbortSignal.timeout(SEND_WITHIN_MS)]),
    headers: {
      'content-type': 'application/json',
      'user-agent': 'tributary',
      'webhook-id': id,
      'webhook-timestamp': String(Math.floor(at.getTime() / 1_000)),
      'webhook-signature': new Webhook(key).sign(id, at, body),
    },
    body,
  });
  if (answer.ok) return `The receiver answered ${answer.status}.`;
  const waitS = Number(answer.headers.get('retry-after'));
  if ((answer.status === 429 || answer.status === 503) && waitS > 0 && waitS <= MOST_WAIT_S)
    throw new Failure('RATE_LIMITED', { message: `The receiver answered ${answer.status}.`, retryAfterMs: waitS * 1_000 });
  throw new Failure('NOTIFICATION_FAILED', { message: describe(answer.status) });
}

const MOST_WAIT_S = 3_600;

/** Of a body nothing is kept: it is a stranger's text, and may say back what was sent. */
function describe(status: number): string {
  if (status >= 300 && status < 400)
    return `The receiver answered ${status}: redirects are not followed. Enter the address that it leads to.`;
  if (status === 410) return 'The receiver answered 410: it wants no more notifications at this address.';
  return `The receiver answered ${status}.`;
}
