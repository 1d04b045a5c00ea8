import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createLogger } from '#app/logger.ts';
import { watchSecrets } from '#domain/redact.ts';
import { canariesIn } from '#test/support/canaries.ts';

/** A logger that knows these secrets, and the lines that it wrote. */
function openLog(...secrets: readonly string[]) {
  const watch = watchSecrets();
  for (const secret of secrets) watch.add(secret);
  const lines: string[] = [];
  const log = createLogger({ level: 'trace', redact: watch.redact, processName: 'test:1', sink: { write: (line) => lines.push(line) } });
  return { log, lines, watch };
}

/** As providers and people make them. `*` is left out: it is what the mask is made of. */
const token = fc.stringMatching(/^[A-Za-z0-9_+/=.~!@#$%^&()" -]{12,60}$/).filter((text) => text.trim().length >= 12);
const words = fc.string({ maxLength: 30, unit: 'binary' });
const encoding = fc.constantFrom<(text: string) => string>(
  (text) => text,
  encodeURIComponent,
  (text) => Buffer.from(text).toString('base64'),
  (text) => Buffer.from(text).toString('base64url'),
  (text) => Buffer.from(text).toString('hex'),
  (text) => `Basic ${Buffer.from(`x-access-token:${text}`).toString('base64')}`,
  (text) => JSON.stringify({ authorization: text }),
);

test('no secret gets into a line, whichever way it came, however it is written', () => {
  fc.assert(
    fc.property(token, encoding, words, words, (secret, encode, before, after) => {
      const { log, lines } = openLog(secret);
      const text = `${before} ${encode(secret)} ${after}`;

      log.info(text);
      log.warn({ detail: text, nested: { list: [text] } }, 'a field');
      log.error({ err: new Error(text, { cause: new Error(text) }) }, 'an error with a cause');
      log.child({ bound: text }).info('a binding');

      expect(lines).toHaveLength(4);
      for (const line of lines) expect(() => JSON.parse(line)).not.toThrow();
      expect(canariesIn(lines, [secret])).toEqual([]);
    }),
  );
});

test('a secret that is learned later is masked from then on, one that is too short to be one is not', () => {
  const { log, lines, watch } = openLog();

  log.info('late-secret-1 a');
  watch.add('late-secret-1');
  watch.add('a');
  log.info('late-secret-1 a');

  expect(lines.map((line) => JSON.parse(line).msg)).toEqual(['late-secret-1 a', '*** a']);
});

test('of many secrets those that were used last are known, and nothing of a forgotten one is left over', () => {
  const { watch } = openLog();
  for (let number = 0; number < 5_001; number++) watch.add(`secret-number-${number}-of-many`);
  watch.add('secret-number-1-of-many');
  watch.add('another-secret-of-them');

  expect(watch.redact('secret-number-1-of-many')).toBe('***');
  expect(watch.redact('secret-number-5000-of-many')).toBe('***');
  expect(watch.redact('secret-number-0-of-many')).toBe('secret-number-0-of-many');
  expect(watch.redact('secret-number-2-of-many')).toBe('secret-number-2-of-many');
});

test('one line stays one line, and nothing in it is invisible or turns the direction of text', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (text) => {
      const { log, lines } = openLog();

      log.info({ field: text }, `${text}\r\n{"level":"fatal"}\u0085\u202edrow\u2066\u200b\u007f\u009b31m`);

      expect(lines).toHaveLength(1);
      expect(lines[0]).toMatch(/^[^\p{Cc}]*\n$/u);
      expect(lines[0]).not.toMatch(/[\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/u);
      expect(JSON.parse(lines[0] ?? '').field).toBe(text.toWellFormed() === text ? text : expect.any(String));
    }),
  );
});

test('a line says who wrote it, when and how serious it is', () => {
  const { log, lines } = openLog();

  log.warn({ repositoryId: 'r' }, 'something');

  expect(JSON.parse(lines[0] ?? '')).toEqual({
    level: 'warn',
    time: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
    process: 'test:1',
    repositoryId: 'r',
    msg: 'something',
  });
});
