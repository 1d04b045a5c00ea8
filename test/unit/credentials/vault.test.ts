import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { createVault } from '#credentials/vault.ts';
import type { SecretPlace } from '#credentials/vault.ts';
import { isFailure } from '#domain/failure.ts';

const PLACE: SecretPlace = { table: 'credentials', field: 'secret', rowId: 'row-1', organizationId: 'org-1' };
const SECRET = 'ghp_0123456789abcdefghijABCDEFGHIJ012345';

function refusal(open: () => string): string {
  try {
    return `opened: ${open()}`;
  } catch (error) {
    return isFailure(error) ? error.code : String(error);
  }
}

describe('a sealed secret', () => {
  const vault = createVault([randomBytes(32)]);
  const sealed = vault.seal(SECRET, PLACE);

  test('opens in its own place', () => {
    expect(vault.open(sealed, PLACE)).toBe(SECRET);
  });

  test('holds nothing of the secret that can be read', () => {
    expect(Buffer.from(sealed).toString('latin1')).not.toContain(SECRET.slice(0, 6));
  });

  test.each<[string, Partial<SecretPlace>]>([
    ['another row', { rowId: 'row-2' }],
    ['another organization', { organizationId: 'org-2' }],
    ['another field', { field: 'previous_secret' }],
    ['another table', { table: 'hooks' }],
  ])('does not open in %s', (_name, moved) => {
    expect(refusal(() => vault.open(sealed, { ...PLACE, ...moved }))).toBe('SECRET_UNREADABLE');
  });

  test('does not open when any one of its bits differs', () => {
    const outcomes = Array.from({ length: sealed.length * 8 }, (_, bit) => {
      const changed = Uint8Array.from(sealed);
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      return refusal(() => vault.open(changed, PLACE));
    });

    expect(new Set(outcomes)).toEqual(new Set(['SECRET_UNREADABLE']));
  });

  test.each([0, 1, 20, 36])('does not open when it is cut to %i bytes', (length) => {
    expect(refusal(() => vault.open(sealed.subarray(0, length), PLACE))).toBe('SECRET_UNREADABLE');
  });

  test('is another one each time, so equal secrets cannot be told', () => {
    const all = Array.from({ length: 500 }, () => Buffer.from(vault.seal(SECRET, PLACE)).toString('hex'));

    expect(new Set(all).size).toBe(all.length);
  });

  test('is kept to the character, whatever the alphabet', () => {
    const odd = 'пароль ✓ \u0000 "\n';

    expect(vault.open(vault.seal(odd, PLACE), PLACE)).toBe(odd);
  });
});

describe('a key ring', () => {
  const old = randomBytes(32);
  const next = randomBytes(32);
  const sealedBefore = createVault([old]).seal(SECRET, PLACE);

  test('opens what any of its keys sealed', () => {
    expect(createVault([next, old]).open(sealedBefore, PLACE)).toBe(SECRET);
  });

  test('seals with its first key', () => {
    const sealed = createVault([next, old]).seal(SECRET, PLACE);

    expect(createVault([next]).open(sealed, PLACE)).toBe(SECRET);
  });

  test('fails closed where the key is missing, and says which setting holds keys', () => {
    expect(() => createVault([next]).open(sealedBefore, PLACE)).toThrow(/TRIBUTARY_SECRET_KEYS/);
  });

  test('cannot be empty', () => {
    expect(() => createVault([])).toThrow();
  });
});
