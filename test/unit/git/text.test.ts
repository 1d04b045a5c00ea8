import fc from 'fast-check';
import { expect, test } from 'vitest';
import { toShowable } from '#git/commit-info.ts';
import { PLAIN_NETWORK } from '#domain/network.ts';
import { credentialFor, credentialLines } from '#git/credential.ts';
import { splitRecords } from '#git/lines.ts';
import type { GitProgress } from '#git/progress.ts';
import { createProgressReader } from '#git/progress.ts';
import { remoteAccess } from '#git/remote-call.ts';

test('records come out whole, wherever the stream is cut', async () => {
  const record = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 10 }).filter((text) => !text.includes('\0') && text.isWellFormed());
  await fc.assert(
    fc.asyncProperty(fc.array(record), fc.array(fc.nat(200)), async (records, cuts) => {
      const bytes = Buffer.from(records.map((text) => `${text}\0`).join(''));
      const ends = [...new Set([0, ...cuts.map((cut) => Math.min(cut, bytes.length)), bytes.length])].toSorted((a, b) => a - b);
      async function* chunks() {
        for (const [at, end] of ends.entries()) yield bytes.subarray(ends[at - 1] ?? 0, end);
      }

      expect(await Array.fromAsync(splitRecords(chunks(), '\0'))).toEqual(records);
    }),
  );
});

test('progress is told once for each step', () => {
  const told: GitProgress[] = [];
  const read = createProgressReader((progress) => told.push(progress));

  for (const text of [
    'Receiving objects:  10% (1/10)\r',
    'Receiving objects:  10% (1/10)\rReceiving objects:  50% (5/10)\r',
    'Resolving deltas: 100% (3/3), done.\n',
    'remote: hello\n',
  ])
    read(text);

  expect(told).toEqual([
    { phase: 'receiving', percent: 10 },
    { phase: 'receiving', percent: 50 },
    { phase: 'resolving', percent: 100 },
  ]);
});

test('text of a commit cannot rewrite the line it stands in', () => {
  expect(toShowable('fix\u001B[2J\r\nroot: \u202Eevil', 100)).toBe('fix [2J root:  evil');
  expect(toShowable('x'.repeat(1_000_000), 300)).toHaveLength(300);
});

test.each(['a\nb', 'a\rb', 'a\u0000b', 'a\u001Bb'])('a credential that holds %j is refused', (text) => {
  expect(() => credentialLines({ username: 'bot', secret: text })).toThrow('control character');
  expect(() => credentialLines({ username: text, secret: 'x' })).toThrow('control character');
});

test('the credential is bound to protocol, host with port, and path', () => {
  const remote = { access: { username: 'a', secret: 'b' }, pinned: undefined, plainHttp: false };

  expect(credentialFor({ ...remote, url: 'https://git.example.com:8443/acme/my%20app.git' })).toBe(
    'https://git.example.com:8443/acme/my app.git',
  );
});

test('pinned addresses and certificate authorities become settings of the one call', () => {
  const remote = {
    url: 'https://git.example.com/a.git',
    access: undefined,
    pinned: { host: 'git.example.com', port: 443, addresses: ['203.0.113.7', '2001:db8::7'] },
    plainHttp: false,
    network: { ...PLAIN_NETWORK, caCertificate: 'PEM' },
  };

  const call = remoteAccess(remote, '/data/call');

  expect(call.config).toEqual([
    '-c',
    'http.curloptResolve=git.example.com:443:203.0.113.7,[2001:db8::7]',
    '-c',
    'http.sslCAInfo=/data/call/authorities.pem',
    '-c',
    'http.sslCAPath=/data/call/none',
    '-c',
    'http.proxySSLCAInfo=/data/call/authorities.pem',
  ]);
  expect(call.protocol).toBe('https');
});
