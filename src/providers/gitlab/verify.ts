import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { err, ok } from '#domain/result.ts';
import type { Result } from '#domain/result.ts';
import type { Headers, HookSecrets, SignatureProblem, VerifiedBody, VerifiedDelivery } from '#providers/contract.ts';

type Verified = Result<VerifiedDelivery, SignatureProblem>;

/** How far the clocks of sender and receiver may differ, and how long a signature can be replayed. */
const TOLERANCE_S = 300;
const SIGNING_TOKEN = /^whsec_([A-Za-z0-9+/]{43}=)$/;
const SIGNATURE = /^v1,([A-Za-z0-9+/]{43}=)$/;
const TIMESTAMP = /^\d{1,12}$/;

/**
 * GitLab proves itself by a signature over id, time and body, or by a token in plain text (PROVIDERS.md 2.2). Where a signing
 * secret is among those that are valid and a signature was sent, the signature decides; a list of signing secrets alone is not
 * satisfied by a token. node:crypto and not the package standardwebhooks, which decodes the body as UTF-8 before it signs: bytes
 * that are none would never verify there, though GitLab signed them.
 */
export function verify(body: Uint8Array, headers: Headers, secrets: HookSecrets, now: Date): Verified {
  const signed = headers['webhook-signature'] !== undefined;
  const signature = verifySignature(body, headers, secrets, now);
  const token = verifyToken(body, headers, secrets);
  const canSign = secrets.some(({ kind }) => kind === 'signing');
  const canShow = secrets.some(({ kind }) => kind === 'token');
  return canSign && (signed || !canShow) ? signature : token;
}

/**
 * Each signature of the list against each secret, all of them always, and the body hashed once where there is no signing secret: how
 * long it takes says neither which one matched nor whether there is such a hook (SECURITY T35).
 */
function verifySignature(body: Uint8Array, headers: Headers, secrets: HookSecrets, now: Date): Verified {
  const { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': list } = headers;
  const offered = typeof list === 'string' ? list.split(' ').flatMap(readSignature) : [];
  const keys = secrets.filter(({ kind }) => kind === 'signing').map(({ secret }) => decodeKey(secret));
  let matches = false;
  for (const key of keys.length === 0 ? [undefined] : keys) {
    const hmac = createHmac('sha256', key ?? '');
    // Node reads headers as latin1, so this gives back the bytes that were sent.
    const expected = hmac
      .update(`${String(id)}.${String(timestamp)}.`, 'latin1')
      .update(body)
      .digest();
    for (const one of offered) matches = (timingSafeEqual(expected, one) && key !== undefined) || matches;
  }
  if (list === undefined) return err('missing');
  if (typeof id !== 'string' || typeof timestamp !== 'string' || !TIMESTAMP.test(timestamp) || offered.length === 0)
    return err('malformed');
  if (!matches) return err('mismatch');
  if (Math.abs(now.getTime() / 1_000 - Number(timestamp)) > TOLERANCE_S) return err('expired');
  return ok({ body: body as VerifiedBody, by: 'signing' });
}

function readSignature(text: string): readonly Buffer[] {
  const encoded = SIGNATURE.exec(text)?.[1];
  return encoded === undefined ? [] : [Buffer.from(encoded, 'base64')];
}

/** 43 digits and a `=` are 32 bytes, no more and no fewer. undefined for what is no signing token; nothing matches it then. */
function decodeKey(secret: string): Buffer | undefined {
  const encoded = SIGNING_TOKEN.exec(secret)?.[1];
  return encoded === undefined ? undefined : Buffer.from(encoded, 'base64');
}

function verifyToken(body: Uint8Array, headers: Headers, secrets: HookSecrets): Verified {
  const offered = headers['x-gitlab-token'];
  const digest = sha256(typeof offered === 'string' ? offered : '');
  let matches = false;
  // Digests have one length, so neither the time nor an exception tells the length of the secret.
  for (const { kind, secret } of secrets)
    matches = (timingSafeEqual(sha256(secret), digest) && kind === 'token' && secret !== '') || matches;
  if (offered === undefined) return err('missing');
  return matches ? ok({ body: body as VerifiedBody, by: 'token' }) : err('mismatch');
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
