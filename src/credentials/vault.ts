import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';
import { Failure } from '#domain/failure.ts';

/** The place a sealed secret belongs to. Moved to any other row, field or organization it does not open (SECURITY T43). */
export interface SecretPlace {
  readonly table: 'credentials' | 'hooks';
  readonly field: 'secret' | 'previous_secret';
  readonly rowId: string;
  readonly organizationId: string;
}

export interface Vault {
  seal(secret: string, place: SecretPlace): Uint8Array;
  /** Throws Failure SECRET_UNREADABLE when the key is missing, the place is another, or a bit differs. */
  open(sealed: Uint8Array, place: SecretPlace): string;
}

const FORMAT = 1;
const KEY_ID_BYTES = 8;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const HEADER_BYTES = 1 + KEY_ID_BYTES + NONCE_BYTES + TAG_BYTES;

/**
 * AES-256-GCM under a ring of 32-byte keys: the first seals, all open, so a key is replaced by putting a new one in front.
 * Sealed bytes: format, key id, random nonce, tag, ciphertext. A ring holds fewer than 2^32 secrets, the bound for random nonces.
 */
export function createVault(keys: readonly Uint8Array[]): Vault {
  const ring = keys.map((key) => ({ id: keyId(key), key }));
  const [first] = ring;
  if (first === undefined) throw new Error('a vault needs a key');
  return {
    seal(secret, place) {
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv('aes-256-gcm', first.key, nonce, { authTagLength: TAG_BYTES });
      cipher.setAAD(associatedData(place));
      const ciphertext = Buffer.concat([cipher.update(secret, 'utf8'), cipher.final()]);
      return Buffer.concat([Buffer.of(FORMAT), first.id, nonce, cipher.getAuthTag(), ciphertext]);
    },
    open(sealed, place) {
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
        return Buffer.concat([decipher.update(bytes.subarray(HEADER_BYTES)), decipher.final()]).toString('utf8');
      } catch (error) {
        throw unreadable('it was changed or moved', error);
      }
    },
  };
}

/** Tells keys apart without telling anything about them. */
function keyId(key: Uint8Array): Buffer {
  return createHash('sha256').update('tributary key id').update(key).digest().subarray(0, KEY_ID_BYTES);
}

function associatedData(place: SecretPlace): Buffer {
  return Buffer.from(JSON.stringify([FORMAT, place.table, place.field, place.rowId, place.organizationId]));
}

function unreadable(why: string, cause?: unknown): Failure {
  return new Failure('SECRET_UNREADABLE', { message: `A stored secret cannot be read: ${why}.`, cause });
}
