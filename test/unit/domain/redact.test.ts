import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createRedactor } from '#domain/redact.ts';

/** Tokens and passwords, `*` left out: it is what the mask is made of. */
const secret = fc.string({ minLength: 6, maxLength: 60, unit: 'grapheme' }).filter((text) => !text.includes('*') && text.isWellFormed());
const around = fc.string({ maxLength: 20 });

test('no secret comes through, however it is written', () => {
  fc.assert(
    fc.property(secret, around, around, (value, before, after) => {
      const redact = createRedactor([value]);
      for (const form of [value, encodeURIComponent(value), JSON.stringify(value).slice(1, -1)]) {
        expect(redact(`${before}${form}${after}`)).not.toContain(form);
      }
    }),
  );
});

test('no secret comes through inside base64, whatever stands before and after it', () => {
  fc.assert(
    fc.property(secret, around, around, (value, before, after) => {
      const whole = Buffer.from(`${before}${value}${after}`).toString('base64');

      const left = createRedactor([value])(`Authorization: Basic ${whole}`).replace('Authorization: Basic ', '');

      // What is left at the edges is at most the bits that the secret shares with its neighbours.
      expect(left).toContain('***');
      for (const part of left.split('***')) expect(Buffer.from(part, 'base64').includes(value)).toBe(false);
    }),
  );
});

test('of two secrets where one holds the other, nothing of the longer one stays', () => {
  expect(createRedactor(['token', 'token-and-more'])('a token-and-more b token c')).toBe('a *** b *** c');
});

test('user info in a URL goes, whoever it belongs to', () => {
  expect(createRedactor([])('fatal: https://someone:pass@host/a.git failed')).toBe('fatal: https://***@host/a.git failed');
});

test('text without a secret stays as it is', () => {
  expect(createRedactor(['', 'abcdef'])('remote: not found (see https://host/a@b)')).toBe('remote: not found (see https://host/a@b)');
});
