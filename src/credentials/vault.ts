import { createCipheriv, createDecipheriv, createHash, createHmac, randomBytes } from 'node:crypto';
import { Failure } from '#domain/failure.ts';
import type { SealedColumn } from './sealed-columns.ts';

/** The place a sealed secret belongs to. Moved to any other row, field or organization it does not open (SECURITY T43). */
export interface SecretPlace {
  readonly table: SealedColumn['table'];
  readonly field: SealedColumn['field'];
  readonly rowId: string;
  readonly organizationId: string;
}

export interface Vault {
  /** The ring by the ids of its keys, 16 hexadecimal digits each; the first seals. They tell keys apart and nothing about them. */
  readonly keyIds: readonly [string, ...string[]];
  seal(secret: string, place: SecretPlace): Uint8Array;
  /** Throws Failure SECRET_UNREADABLE when the key is missing, the place is another, or a bit differs. */
  open(sealed: Uint8Array, place: SecretPlace): string;
  /** Tells secrets of one organization apart, under the first key: nothing can be tried against it without that. */
  fingerprint(secret: string, organizationId: string): string;
  /** The same secret under the first key. It is in no string on the way, and its bytes are wiped. Throws as `open` does. */
  reseal(sealed: Uint8Array, place: SecretPlace): Uint8Array;
}

const FORMAT = 1;
const FINGERPRINT_DIGITS = 16;
const KEY_ID_BYTES = 8;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const HEADER_BYTES = 1 + KEY_ID_BYTES + NONCE_BYTES + TAG_BYTES;

/** What sealed bytes begin with, in hexadecimal: the format and the id of the key that opens them. */
export function sealedPrefix(keyId: string): string {
  return `${Buffer.of(FORMAT).toString('hex')}${keyId}`;
}

/**
 * AES-256-GCM under a ring of 32-byte keys: the first seals, all open, so a key is replaced by putting a new one in front.
 * Sealed bytes: format, key id, random nonce, tag, ciphertext. A ring holds fewer than 2^32 secrets, the bound for random nonces.
 */
export function createVault(keys: readonly Uint8Array[]): Vault {
  const [first, ...others] = keys.map((key) => ({ id: idOf(key), key }));
  if (first === undefined) throw new Error('a vault needs a key');
  const ring = [first, ...others];
  return {
    keyIds: [first.id.toString('hex'), ...others.map(({ id }) => id.toString('hex'))],
    seal: (secret, place) => encrypt(first, Buffer.from(secret, 'utf8'), place),
    open: (sealed, place) => decrypt(ring, sealed, place).toString('utf8'),
    fingerprint: (secret, organizationId) =>
      createHmac('sha256', first.key)
        .update(JSON.stringify(['tributary fingerprint', organizationId, secret]))
        .digest('hex')
        .slice(0, FINGERPRINT_DIGITS),
    reseal(sealed, place) {
      const secret = decrypt(ring, sealed, place);
      try {
        return encrypt(first, secret, place);
      } finally {
        secret.fill(0);
      }
    },
  };
}

interface RingKey {
  readonly id: Buffer;
  readonly key: Uint8Array;
}

function encrypt({ id, key }: RingKey, secret: Uint8Array, place: SecretPlace): Buffer {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES });
  cipher.setAAD(associatedData(place));
  const ciphertext = Buffer.concat([cipher.update(secret), cipher.final()]);
  return Buffer.concat([Buffer.of(FORMAT), id, nonce, cipher.getAuthTag(), ciphertext]);
}

function decrypt(ring: readonly RingKey[], sealed: Uint8Array, place: SecretPlace): Buffer {
  const bytes = Buffer.from(sealed);
  const id = bytes.subarray(1, 1 + KEY_ID_BYTES);
  const key = ring.find((entry) => entry.id.equals(id))?.key;
  if (bytes.length < HEADER_BYTES || bytes[0] !== FORMAT || key === undefined)
    throw unreadable('no key of TRIBUTARY_SECRET_KEYS sealed it');
  const nonce = bytes.subarray(1 + KEY_ID_BYTES, 1 + KEY_ID_BYTES + NONCE_BYTES);
  const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES });
  decipher.setAAD(associatedData(place));
  decipher.setAuthTag(bytes.subarray(HEADER_BYTES - TAG_BYTES, HEADER_BYTES));
  try {
    return Buffer.concat([decipher.update(bytes.subarray(HEADER_BYTES)), decipher.final()]);
  } catch (error) {
    throw unreadable('it was changed or moved', error);
  }
}

/** Tells keys apart without telling anything about them. */
function idOf(key: Uint8Array): Buffer {
  return createHash('sha256').update('tributary key id').update(key).digest().subarray(0, KEY_ID_BYTES);
}

function associatedData(place: SecretPlace): Buffer {
  return Buffer.from(JSON.stringify([FORMAT, place.table, place.field, place.rowId, place.organizationId]));
}

function unreadable(why: string, cause?: unknown): Failure {
  return new Failure('SECRET_UNREADABLE', { message: `A stored secret cannot be read: ${why}.`, cause });
}
