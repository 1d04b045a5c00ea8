import { createHmac, timingSafeEqual } from 'node:crypto';
import { err, ok } from '#domain/result.ts';
import type { Result } from '#domain/result.ts';
import type { Headers, HookSecrets, SignatureProblem, VerifiedBody, VerifiedDelivery } from './contract.ts';

/** No provider's keys and names of events are longer; a longer one would only fill an index. */
const MOST_CHARACTERS = 200;

/** A header that may be stored and searched by; undefined where it is absent, empty, there twice or too long. */
export function shortText(value: Headers[string]): string | undefined {
  return typeof value === 'string' && value !== '' && value.length <= MOST_CHARACTERS ? value : undefined;
}

/** Checks an HMAC-SHA256 over the bytes as received, `offered` in hexadecimal, against every secret that is good for one. */
export function verifyHmac(body: Uint8Array, offered: string, secrets: HookSecrets): Result<VerifiedDelivery, SignatureProblem> {
  const signature = Buffer.from(offered, 'hex');
  let matches = false;
  // All of them, always: how long it takes says nothing about which one matched.
  for (const { kind, secret } of secrets) {
    const expected = createHmac('sha256', secret).update(body).digest();
    matches = (timingSafeEqual(expected, signature) && kind === 'hmac' && secret !== '') || matches;
  }
  return matches ? ok({ body: body as VerifiedBody, by: 'hmac' }) : err('mismatch');
}
