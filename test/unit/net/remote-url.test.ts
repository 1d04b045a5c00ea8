import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { EgressPolicy } from '#net/egress-policy.ts';
import { createEgressPolicy } from '#net/egress-policy.ts';
import { parseAllowedHosts } from '#net/allowed-hosts.ts';
import { parseRemoteUrl, sameRemoteKey } from '#net/remote-url.ts';
import { LOOPBACK_SPELLINGS } from '#test/support/loopback-spellings.ts';

function policyFor(text: string): EgressPolicy {
  const allowed = parseAllowedHosts(text);
  if (!allowed.ok) throw new Error(allowed.error.join());
  return createEgressPolicy(allowed.value);
}

const open = policyFor('');

describe('addresses of this machine and of private networks, in any spelling', () => {
  test.each([
    ...LOOPBACK_SPELLINGS,
    '[fe80::1%eth0]',
    '10.0.0.1',
    '172.16.0.1',
    '192.168.1.1',
    '169.254.169.254',
    '168.63.129.16',
    '100.64.0.1',
    '[fd00::1]',
    '[fe80::1]',
    'metadata.google.internal',
    'printer.local',
    'intranet',
    '255.255.255.255',
    '224.0.0.1',
  ])('%s is refused', (host) => {
    expect(parseRemoteUrl(`https://${host}/a/b.git`, open).ok).toBe(false);
  });
});

describe('what two parsers read in two ways, and what is no remote of ours', () => {
  test.each([
    String.raw`https://good.example\@evil.example/x`,
    'https://good.example%2f@evil.example/x',
    'https://user:pass@good.example/x',
    'https://user@good.example/x',
    'https://good.example/x?y',
    'https://good.example/x#y',
    'https://good.example#@evil.example/x',
    'https://go\nod.example/x',
    'https://good.example/x\r\n',
    'https://good.example/\0',
    'https://good.example/../x',
    'https://good.example/./x',
    'https://good.example//x',
    'https://good.example',
    'https://good.example/',
    'https://good.example:0/x',
    'https://good.example:99999/x',
    'https://good.example:8443/x',
    'https://good.example/-x',
    'https:///x',
    'https:good.example/x',
    '//good.example/x',
    'good.example/x',
    'file:///etc/passwd',
    '/etc/passwd',
    './x',
    '-oProxyCommand=x',
    'ext::sh -c id',
    'fd::17',
    'git://good.example/x',
    'ftp://good.example/x',
    'javascript:alert(1)',
    'ssh://good.example/x',
    'ssh://-oProxyCommand=x/x',
    'git@good.example:a/b',
    'http://good.example/x',
    'https://good.example/%2e%2e/x',
    'https://good.example/a%2fb',
    'https://good.example/a%00b',
    `https://good.example/${'a'.repeat(3_000)}`,
    '',
    ' https://good.example/x',
  ])('%j is refused', (url) => {
    expect(parseRemoteUrl(url, open).ok).toBe(false);
  });
});

test('a refusal never repeats what was typed: it may be a secret', () => {
  const parsed = parseRemoteUrl('https://user:CANARY_TOK@good.example/x', open);

  expect(parsed).toMatchObject({ ok: false, error: { code: 'URL_CREDENTIAL' } });
  expect(JSON.stringify(parsed)).not.toContain('CANARY');
});

test.each([
  ['https://GitHub.COM:443/Acme/Net.git', 'https://github.com/Acme/Net.git'],
  ['https://github.com/acme/net/', 'https://github.com/acme/net'],
  ['https://[2606:4700:0000::1]/a/b', 'https://[2606:4700::1]/a/b'],
  ['https://dev.example.com/My%20Project/_git/x', 'https://dev.example.com/My%20Project/_git/x'],
])('%s has one form, %s', (url, href) => {
  expect(parseRemoteUrl(url, open)).toMatchObject({ ok: true, value: { href } });
});

test('spellings of one remote share a key', () => {
  expect(sameRemoteKey('https://github.com/a/b.git')).toBe(sameRemoteKey('https://github.com/a/b'));
});

test('an entry of the operator lets through exactly what it names', () => {
  const policy = policyFor('127.0.0.1:4000, git.corp.example:8443, 10.1.0.0/16');

  expect(parseRemoteUrl('http://127.0.0.1:4000/a/b', policy).ok).toBe(true);
  expect(parseRemoteUrl('http://127.0.0.1:4001/a/b', policy).ok).toBe(false);
  expect(parseRemoteUrl('http://127.0.0.2:4000/a/b', policy).ok).toBe(false);
  expect(parseRemoteUrl('https://git.corp.example:8443/a/b', policy).ok).toBe(true);
  expect(parseRemoteUrl('http://git.corp.example:8443/a/b', policy).ok).toBe(false);
  expect(parseRemoteUrl('https://10.1.2.3/a/b', policy).ok).toBe(true);
  expect(parseRemoteUrl('https://10.2.0.1/a/b', policy).ok).toBe(false);
});

test('a list that would let everything through is none', () => {
  for (const all of ['0.0.0.0/0', '::/0', '[::]/0:443'])
    expect(parseAllowedHosts(all)).toEqual({ ok: false, error: [`"${all}" would let every address through`] });
});

/** Pieces that parsers disagree about, put together at random. */
const piece = fc.oneof(
  fc.constantFrom(
    'https://',
    'http://',
    'ssh://',
    '//',
    '@',
    ':',
    '\\',
    '/',
    '?',
    '#',
    '%2f',
    '%40',
    '..',
    '.',
    '-',
    '[',
    ']',
    '::1',
    '127.0.0.1',
    '0x7f.1',
    '2130706433',
    'localhost',
    'good.example',
    'evil.example',
    ':443',
    ':22',
    ' ',
    '\n',
    '①',
    '。',
    'a',
    'user',
    'git',
  ),
  fc.string({ maxLength: 4 }),
);
const RUNS = Number(process.env['URL_RUNS'] ?? 3_000);

test('whatever is typed: what is accepted is read the same by the parsers that connect, and leads to nothing private', () => {
  const address = fc.oneof(
    fc.array(piece, { minLength: 1, maxLength: 9 }).map((parts) => parts.join('')),
    fc.array(piece, { maxLength: 6 }).map((parts) => `https://${parts.join('')}`),
    fc.webUrl(),
  );

  fc.assert(
    fc.property(address, (text) => {
      const parsed = parseRemoteUrl(text, open);
      if (!parsed.ok) return true;
      const { href, host, port, path, scheme } = parsed.value;
      const standard = new URL(href);
      const sameHost = standard.hostname.replace(/^\[|\]$/g, '') === host;
      const samePort = (standard.port === '' ? 443 : Number(standard.port)) === port;
      // RFC 3986, appendix B: what libcurl splits by.
      const split = /^([^:/?#]+):\/\/([^/?#]*)([^?#]*)$/.exec(href);
      const authority = host.includes(':') ? `[${host}]` : host;
      const sameSplit = split?.[1] === 'https' && split[3] === path && [authority, `${authority}:${port}`].includes(split[2] ?? '');
      const again = parseRemoteUrl(href, open);
      return (
        scheme === 'https' &&
        sameHost &&
        samePort &&
        sameSplit &&
        standard.pathname === path &&
        again.ok &&
        again.value.href === href &&
        !/(?:^|\.)localhost$|^127\.|^::1$/.test(host)
      );
    }),
    { numRuns: RUNS },
  );
});
