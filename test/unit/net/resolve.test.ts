import { afterEach, describe, expect, test } from 'vitest';
import { parseAllowedHosts } from '#net/allowed-hosts.ts';
import { createEgressPolicy } from '#net/egress-policy.ts';
import { createResolver, parseDnsServers, vetEndpoint } from '#net/resolve.ts';
import type { DnsAnswer, DnsQuestion, StubDns } from '#test/support/stub-dns.ts';
import { startStubDns } from '#test/support/stub-dns.ts';

const PUBLIC = '93.184.216.34';
const PUBLIC_6 = '2606:2800:220:1::1';
const NONE: DnsAnswer = { addresses: [] };
const opened: StubDns[] = [];

afterEach(async () => {
  for (const dns of opened.splice(0)) await dns.close();
});

async function vet(answers: { readonly A: DnsAnswer; readonly AAAA: DnsAnswer } | ((question: DnsQuestion) => DnsAnswer), allowed = '') {
  const dns = await startStubDns(typeof answers === 'function' ? answers : ({ kind }) => answers[kind]);
  opened.push(dns);
  const hosts = parseAllowedHosts(allowed);
  if (!hosts.ok) throw new Error(hosts.error.join());
  const policy = createEgressPolicy(hosts.value);
  return vetEndpoint(policy, { host: 'git.example.com', port: 443 }, createResolver([dns.server]));
}

describe('a name is let through', () => {
  test.each<[string, DnsAnswer, DnsAnswer, readonly string[]]>([
    ['one public address', { addresses: [PUBLIC] }, NONE, [PUBLIC]],
    ['only an IPv6 address', { error: 'NXDOMAIN' }, { addresses: [PUBLIC_6] }, [PUBLIC_6]],
    ['several of both kinds', { addresses: [PUBLIC, '1.1.1.1'] }, { addresses: [PUBLIC_6] }, [PUBLIC, '1.1.1.1', PUBLIC_6]],
    ['an alias of a public name', { cname: 'lb.example.net', addresses: [PUBLIC] }, NONE, [PUBLIC]],
  ])('with %s', async (_, A, AAAA, addresses) => {
    expect(await vet({ A, AAAA })).toEqual({ addresses });
  });
});

describe('a name is denied', () => {
  test.each<[string, DnsAnswer, DnsAnswer]>([
    ['a loopback address', { addresses: ['127.0.0.1'] }, NONE],
    ['a private one among public ones', { addresses: [PUBLIC, '127.0.0.1', '1.1.1.1'] }, NONE],
    ['a public IPv4 and a loopback IPv6 address', { addresses: [PUBLIC] }, { addresses: ['::1'] }],
    ['an alias that leads to a private address', { cname: 'inside.example.net', addresses: ['10.0.0.7'] }, NONE],
    ['IPv4 hidden in IPv6', { addresses: [PUBLIC] }, { addresses: ['::ffff:7f00:1'] }],
    ['NAT64 of a private address', NONE, { addresses: ['64:ff9b::a00:1'] }],
    ['the metadata service', { addresses: ['169.254.169.254'] }, NONE],
    ['a link-local IPv6 address', { addresses: [PUBLIC] }, { addresses: ['fe80::1'] }],
  ])('with %s', async (_, A, AAAA) => {
    expect(await vet({ A, AAAA })).toEqual({ denied: 'policy' });
  });

  test.each<[string, DnsAnswer, DnsAnswer]>([
    ['there is no such name', { error: 'NXDOMAIN' }, { error: 'NXDOMAIN' }],
    ['there is no address', NONE, NONE],
    ['the server fails', { error: 'SERVFAIL' }, { error: 'SERVFAIL' }],
    ['the server fails for one kind only, which could hide anything', { addresses: [PUBLIC] }, { error: 'SERVFAIL' }],
    ['the server refuses', { error: 'REFUSED' }, { addresses: [PUBLIC_6] }],
    ['the server is silent for one kind', { addresses: [PUBLIC] }, 'silence'],
    ['an alias leads nowhere', { cname: 'gone.example.net', addresses: [] }, NONE],
  ])('when %s', { timeout: 30_000 }, async (_, A, AAAA) => {
    expect(await vet({ A, AAAA })).toEqual({ denied: 'unresolved' });
  });

  test('also when the operator let a part of its answers through', async () => {
    expect(await vet({ A: { addresses: ['10.1.0.1', '10.2.0.1'] }, AAAA: NONE }, '10.1.0.0/16')).toEqual({ denied: 'policy' });
    expect(await vet({ A: { addresses: ['10.1.0.1', PUBLIC] }, AAAA: NONE }, '10.1.0.0/16')).toEqual({ addresses: ['10.1.0.1', PUBLIC] });
  });
});

test('nothing is remembered: a name that moves is looked at anew', async () => {
  const dns = await startStubDns(({ kind, before }) =>
    kind === 'AAAA' ? NONE : { addresses: [before === 0 ? PUBLIC : '127.0.0.1'], ttl: 3_600 },
  );
  opened.push(dns);
  const resolve = createResolver([dns.server]);
  const policy = createEgressPolicy([]);
  const endpoint = { host: 'git.example.com', port: 443 };

  expect(await vetEndpoint(policy, endpoint, resolve)).toEqual({ addresses: [PUBLIC] });
  expect(await vetEndpoint(policy, endpoint, resolve)).toEqual({ denied: 'policy' });
});

test('without servers the system is asked', async () => {
  expect(await createResolver([])('localhost')).toContain('127.0.0.1');
});

describe('the list of servers', () => {
  test.each([
    ['', []],
    ['10.0.0.53', ['10.0.0.53']],
    ['10.0.0.53:5353, [fd00::53]:53 ,fd00::54', ['10.0.0.53:5353', '[fd00::53]:53', 'fd00::54']],
  ])('%j is read', (text, servers) => {
    expect(parseDnsServers(text)).toEqual({ ok: true, value: servers });
  });

  test.each(['dns.example.com', '10.0.0.53:0', '10.0.0.53:99999', '10.0.0', '[10.0.0.53]:53', 'fd00::53:x', 'https://10.0.0.53/'])(
    '%j is refused',
    (text) => {
      expect(parseDnsServers(text).ok).toBe(false);
    },
  );
});
