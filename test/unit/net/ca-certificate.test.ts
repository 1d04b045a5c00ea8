import { expect, test } from 'vitest';
import { parseCaCertificates } from '#net/ca-certificate.ts';
import { authority, certificate } from '#test/support/tls.ts';

const NOW = new Date('2026-11-25T00:00:00Z');
const ca = authority('ca');
const read = (pem: string, now = NOW) => {
  const parsed = parseCaCertificates(pem, now);
  return parsed.ok ? parsed.value : parsed.error;
};

test('a chain is kept as its certificates alone, whatever tools write around them', () => {
  const written = `subject=/CN=Authority\r\n${ca.replaceAll('\n', '\r\n')}\n# and another\n${authority('other')}`;

  expect(read(written)).toBe(ca + authority('other'));
  expect(read(read(written))).toBe(read(written));
});

test.each([
  ['', 'Is no PEM'],
  ['MIIB', 'Is no PEM'],
  [ca.slice(0, -30), 'Is cut off'],
  [ca + ca.slice(0, 200), 'Is cut off'],
  [ca.replace(/^(?!-)./m, '!'), 'Certificate 1 cannot be read'],
  [`${ca}-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n`, 'Certificate 2 cannot be read'],
  [
    '-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----',
    'Certificate 1 is no certificate: its block says CERTIFICATE REQUEST.',
  ],
  [certificate('server').cert, "is a server's own"],
  [ca.repeat(101), 'more than 100 certificates'],
  [' '.repeat(300_000), 'Is longer than 256 KiB'],
])('what is wrong with the chain is said (%#)', (pem, message) => {
  expect(read(pem)).toContain(message);
});

test('an authority that is out of date is refused by its name and its day', () => {
  expect(read(ca, new Date('2999-01-01T00:00:00Z'))).toMatch(/^Certificate 1 \(CN=Tributary test authority\) expired on 21\d\d-/);
});

test('a private key is refused and said back by nobody', () => {
  const { key } = certificate('server');

  const message = read(ca + key);

  expect(message).toMatch(/^Holds a private key/);
  expect(message).not.toContain(key.split('\n')[1]);
});
