import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import type { Network } from '#domain/network.ts';
import { PLAIN_NETWORK } from '#domain/network.ts';
import { parseAllowedHosts } from '#net/allowed-hosts.ts';
import { createEgressFetch } from '#net/egress-fetch.ts';
import { createEgressPolicy } from '#net/egress-policy.ts';
import { startConnectProxy } from '#test/support/connect-proxy.ts';
import { authority, certificate } from '#test/support/tls.ts';

const closing: (() => Promise<unknown> | void)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

async function startApi(name: Parameters<typeof certificate>[0] = 'server') {
  const seen: (string | undefined)[] = [];
  const server = createServer(certificate(name), (request, response) => {
    seen.push(request.headers.authorization);
    response.end('hello');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return { seen, port: (server.address() as AddressInfo).port };
}

const names: Readonly<Record<string, readonly string[]>> = {
  'api.example.com': ['8.8.8.8'],
  'proxy.example.com': ['127.0.0.1'],
  'inside.example.com': ['10.0.0.7'],
};
const resolve = async (host: string): Promise<readonly string[]> => {
  const known = names[host];
  if (known === undefined) throw new Error('no such name');
  return known;
};

async function ask(url: string, network: Partial<Network>, allowed = '127.0.0.1') {
  const hosts = parseAllowedHosts(allowed);
  if (!hosts.ok) throw new Error(hosts.error.join());
  const egress = createEgressFetch(createEgressPolicy(hosts.value), resolve);
  closing.push(() => egress.close());
  return egress.through({ ...PLAIN_NETWORK, ...network })(url, { headers: { authorization: 'token CANARY' } });
}

const textOf = async (answer: Promise<Response>): Promise<string> => (await answer).text();
const ca = { caCertificate: authority('ca') };

describe('a server with a certificate of an own authority', () => {
  test('is reached by whoever was given that authority', async () => {
    const { port } = await startApi();

    expect(await textOf(ask(`https://127.0.0.1:${port}/`, ca))).toBe('hello');
  });

  test.each([
    ['nobody gave it', 'server', {}, 'is signed by an authority that is not trusted here'],
    ['another was given', 'server', { caCertificate: authority('other') }, 'is signed by an authority that is not trusted here'],
    ['its certificate is out of date', 'expired', ca, 'has expired (CERT_HAS_EXPIRED)'],
    ['its certificate is of the future', 'early', ca, 'is not valid yet'],
    ['its certificate is for another host', 'elsewhere', ca, 'is for another host'],
  ] as const)('is told nothing when %s, and why is said', async (_, name, network, message) => {
    const { port, seen } = await startApi(name);

    await expect(ask(`https://127.0.0.1:${port}/`, network)).rejects.toMatchObject({
      code: 'TLS_UNTRUSTED',
      message: expect.stringContaining(message),
    });
    expect(seen).toEqual([]);
  });

  test.each(['expired', 'elsewhere', 'server'] as const)('is believed whatever it shows (%s) where verification is off', async (name) => {
    const { port } = await startApi(name);

    expect(await textOf(ask(`https://127.0.0.1:${port}/`, { tlsVerify: false }))).toBe('hello');
  });

  test('is believed by one network and not by the next, over whichever connections are open', async () => {
    const { port } = await startApi();
    const hosts = parseAllowedHosts('127.0.0.1');
    if (!hosts.ok) throw new Error('the list is good');
    const egress = createEgressFetch(createEgressPolicy(hosts.value), resolve);
    closing.push(() => egress.close());
    const get = (network: Network | undefined) => egress.through(network)(`https://127.0.0.1:${port}/`);

    expect(await textOf(get({ ...PLAIN_NETWORK, tlsVerify: false }))).toBe('hello');
    await expect(get(undefined)).rejects.toMatchObject({ code: 'TLS_UNTRUSTED' });
    expect(await textOf(get({ ...PLAIN_NETWORK, ...ca }))).toBe('hello');
  });
});

describe('a proxy', () => {
  const credential = { username: 'corp', secret: 'pass word:é' };
  const via = (port: number, access?: typeof credential): Network['proxy'] => ({ scheme: 'http', host: '127.0.0.1', port, access });

  test('carries the call to a server that it reaches, with its own user name and password and the call unread', async () => {
    const { port, seen } = await startApi();
    const proxy = await startConnectProxy(port, credential);
    closing.push(() => proxy.close());

    const answer = ask(`https://127.0.0.1:${port}/`, { ...ca, proxy: via(proxy.port, credential) });

    expect(await textOf(answer)).toBe('hello');
    expect(proxy.asked).toEqual([
      { target: `127.0.0.1:${port}`, authorization: `Basic ${Buffer.from('corp:pass word:é').toString('base64')}` },
    ]);
    expect(seen).toEqual(['token CANARY']);
  });

  test('is found by its name, and by vetted addresses only', async () => {
    const { port } = await startApi();
    const proxy = await startConnectProxy(port);
    closing.push(() => proxy.close());
    const named = { ...ca, proxy: { scheme: 'http', host: 'proxy.example.com', port: proxy.port, access: undefined } } as const;

    expect(await textOf(ask(`https://127.0.0.1:${port}/`, named))).toBe('hello');
    await expect(ask('https://api.example.com/', named, '')).rejects.toMatchObject({
      code: 'POLICY_DENIED',
      message: 'The proxy is at an address that may not be reached from here.',
    });
    expect(proxy.asked).toHaveLength(1);
  });

  test('is asked for a server by its name, and that server must be the one that it says it is', async () => {
    const { port, seen } = await startApi();
    const proxy = await startConnectProxy(port);
    closing.push(() => proxy.close());

    await expect(ask('https://api.example.com/', { ...ca, proxy: via(proxy.port) })).rejects.toMatchObject({
      code: 'TLS_UNTRUSTED',
      message: expect.stringContaining('The certificate of api.example.com is for another host'),
    });
    expect(proxy.asked).toEqual([{ target: 'api.example.com:443', authorization: undefined }]);
    expect(seen).toEqual([]);
  });

  test.each([
    ['a private address', 'https://10.0.0.7/', '127.0.0.1', 'POLICY_DENIED'],
    ['a name that leads to one', 'https://inside.example.com/', '127.0.0.1', 'POLICY_DENIED'],
    ['a name of the inside', 'https://wiki.internal/', '127.0.0.1', 'POLICY_DENIED'],
    ['a metadata server', 'https://169.254.169.254/', '127.0.0.1', 'POLICY_DENIED'],
    ['a name that only the proxy knows', 'https://only-there.example.com/', '127.0.0.1', 'POLICY_DENIED'],
  ])('is not asked for %s', async (_, url, allowed, code) => {
    const { port } = await startApi();
    const proxy = await startConnectProxy(port);
    closing.push(() => proxy.close());

    await expect(ask(url, { ...ca, proxy: via(proxy.port) }, allowed)).rejects.toMatchObject({ code });
    expect(proxy.asked).toEqual([]);
  });

  test('is asked for a name that only it knows when the operator allowed that name', async () => {
    const { port } = await startApi();
    const proxy = await startConnectProxy(port);
    closing.push(() => proxy.close());

    const answer = ask('https://only-there.example.com/', { tlsVerify: false, proxy: via(proxy.port) }, '127.0.0.1,only-there.example.com');

    expect(await textOf(answer)).toBe('hello');
  });

  test.each([
    [407, 'PROXY_REFUSED', 'The proxy refuses its user name and password, or wants some (407).'],
    [403, 'PROXY_REFUSED', 'The proxy does not let anybody through to api.example.com:443 (403).'],
    [502, 'CONNECTION_FAILED', 'The proxy cannot reach api.example.com:443 (502).'],
  ])('that answers %i says so as %s', async (status, code, message) => {
    const { port } = await startApi();
    const proxy = await startConnectProxy(port);
    closing.push(() => proxy.close());
    proxy.refuse = status;

    await expect(ask('https://api.example.com/', { ...ca, proxy: via(proxy.port, credential) })).rejects.toMatchObject({ code, message });
  });

  test('that is away is named by none of its parts', async () => {
    const { port } = await startApi();
    const proxy = await startConnectProxy(port);
    await proxy.close();

    await expect(ask('https://api.example.com/', { proxy: via(proxy.port, credential) })).rejects.toMatchObject({
      code: 'CONNECTION_FAILED',
      message: 'The proxy did not answer.',
    });
  });
});
