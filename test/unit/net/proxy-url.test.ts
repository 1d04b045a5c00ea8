import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseAllowedHosts } from '#net/allowed-hosts.ts';
import { createEgressPolicy } from '#net/egress-policy.ts';
import { parseProxyUrl } from '#net/proxy-url.ts';
import { parseRemoteUrl } from '#net/remote-url.ts';

function read(text: string, allowed = 'proxy.corp.example:3128,10.0.0.0/8:3128') {
  const hosts = parseAllowedHosts(allowed);
  if (!hosts.ok) throw new Error(hosts.error.join());
  const policy = createEgressPolicy(hosts.value);
  return parseProxyUrl(text, (url) => parseRemoteUrl(url, policy));
}

test.each([
  ['http://proxy.corp.example:3128', { scheme: 'http', host: 'proxy.corp.example', port: 3128, access: undefined }],
  ['HTTP://Proxy.Corp.Example:3128/', { scheme: 'http', host: 'proxy.corp.example', port: 3128, access: undefined }],
  ['https://proxy.example.com', { scheme: 'https', host: 'proxy.example.com', port: 443, access: undefined }],
  ['http://10.1.2.3:3128', { scheme: 'http', host: '10.1.2.3', port: 3128, access: undefined }],
  [
    'http://corp%5Cme:p%40ss%3Aword@proxy.corp.example:3128',
    { scheme: 'http', host: 'proxy.corp.example', port: 3128, access: { username: String.raw`corp\me`, secret: 'p@ss:word' } },
  ],
  ['http://me@proxy.corp.example:3128', { scheme: 'http', host: 'proxy.corp.example', port: 3128, access: { username: 'me', secret: '' } }],
])('%s is a proxy', (text, proxy) => {
  expect(read(text)).toEqual({ ok: true, value: proxy });
});

test.each([
  ['socks5://proxy.corp.example:3128', 'Only http and https'],
  ['socks5://h;touch MARKER', 'Only http and https'],
  ['proxy.corp.example:3128', 'Is no address of a proxy'],
  ['http://proxy.corp.example', 'Must name its port'],
  ['http://proxy.corp.example:99999', 'not a name or an address'],
  ['http://proxy.corp.example:3128/path', 'Is no address of a proxy'],
  ['http://proxy.corp.example:3128?x', 'Is no address of a proxy'],
  ['http://$(touch MARKER):3128', 'not a name or an address'],
  ['http://proxy.corp.example;touch:3128', 'not a name or an address'],
  ['http://a:b@c:d@proxy.corp.example:3128', 'Is no address of a proxy'],
  ['http://CANARY:b%0d%0aX: y@proxy.corp.example:3128', 'cannot be sent'],
  ['http://CANARY:b%00@proxy.corp.example:3128', 'cannot be sent'],
  ['http://CANARY%3Ax:b@proxy.corp.example:3128', 'cannot be sent'],
  ['http://CANARY:b%zz@proxy.corp.example:3128', 'cannot be sent'],
  ['http://proxy.corp.example:3128\r\nProxy-Authorization: x', 'Is no address of a proxy'],
  ['http://127.0.0.1:3128', 'may not be reached'],
  ['http://127.1:3128', 'not a name or an address'],
  ['http://2130706433:3128', 'not a name or an address'],
  ['http://[::1]:3128', 'may not be reached'],
  ['http://169.254.169.254:3128', 'may not be reached'],
  ['http://localhost:3128', 'may not be reached'],
  ['http://proxy.corp.example:3129', 'may not be reached'],
])('%j is none, and the reason says nothing back', (text, message) => {
  const parsed = read(text, 'proxy.corp.example:3128');

  expect(parsed).toMatchObject({ ok: false, error: expect.stringContaining(message) });
  expect(JSON.stringify(parsed)).not.toMatch(/CANARY|MARKER/);
});

test('whatever is sent, the parts that come out hold no control character and the host is one that the policy lets through', () => {
  fc.assert(
    fc.property(fc.oneof(fc.webUrl({ withQueryParameters: true }), fc.string({ unit: 'binary' })), fc.string(), (url, user) => {
      const parsed = read(url.replace('://', `://${user}@`), 'example.com:1');
      if (!parsed.ok) return;
      const { host, access } = parsed.value;
      expect(`${host}${access?.username ?? ''}${access?.secret ?? ''}`).not.toMatch(/\p{Cc}/u);
      expect(host).toMatch(/^[a-z0-9._:-]+$/);
    }),
  );
});
