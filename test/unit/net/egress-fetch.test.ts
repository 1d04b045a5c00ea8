import type { Server } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { parseAllowedHosts } from '#net/allowed-hosts.ts';
import type { EgressFetch } from '#net/egress-fetch.ts';
import { createEgressFetch } from '#net/egress-fetch.ts';
import { createEgressPolicy } from '#net/egress-policy.ts';
import { createResolver, vetEndpoint } from '#net/resolve.ts';
import { vetRemote } from '#net/vet-remote.ts';

let server: Server;
let port: number;
let hits: number;
let answer: { status: number; headers: Record<string, string>; body: Buffer | string };
const opened: EgressFetch[] = [];

beforeEach(async () => {
  hits = 0;
  answer = { status: 200, headers: {}, body: 'hello' };
  server = createServer((_request, response) => {
    hits++;
    response.writeHead(answer.status, answer.headers).end(answer.body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  port = (server.address() as AddressInfo).port;
});
afterEach(async () => {
  for (const egress of opened.splice(0)) await egress.close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

function policyFor(text: string) {
  const allowed = parseAllowedHosts(text);
  if (!allowed.ok) throw new Error(allowed.error.join());
  return createEgressPolicy(allowed.value);
}
function openFetch(allowed: string, resolve: (host: string) => Promise<readonly string[]> = createResolver([])) {
  const egress = createEgressFetch(policyFor(allowed), resolve);
  opened.push(egress);
  return egress.fetch;
}

test('what the operator allowed is reached', async () => {
  const response = await openFetch(`127.0.0.1:${port}`)(`http://127.0.0.1:${port}/x`);

  expect(await response.text()).toBe('hello');
});

test.each(['http://127.0.0.1', 'http://localhost', 'https://127.0.0.1', 'http://[::1]'])(
  '%s is not reached without being allowed',
  async (base) => {
    await expect(openFetch('')(`${base}:${port}/`)).rejects.toMatchObject({ code: 'POLICY_DENIED' });
    expect(hits).toBe(0);
  },
);

test('a public name that leads to this machine is not followed there', async () => {
  const fetch = openFetch('', async () => ['127.0.0.1']);

  await expect(fetch(`https://rebound.example.com/`)).rejects.toMatchObject({ code: 'POLICY_DENIED' });
  expect(hits).toBe(0);
});

test('one private answer among public ones denies them all', async () => {
  expect(await vetEndpoint(policyFor(''), { host: 'mixed.example.com', port: 443 }, async () => ['93.184.216.34', '127.0.0.1'])).toEqual({
    denied: 'policy',
  });
  expect(await vetEndpoint(policyFor(''), { host: 'mixed.example.com', port: 443 }, async () => ['93.184.216.34', '::1'])).toEqual({
    denied: 'policy',
  });
});

test('a name that does not resolve is denied, not tried', async () => {
  const vetted = await vetEndpoint(policyFor(''), { host: 'gone.example.com', port: 443 }, async () =>
    Promise.reject(new Error('SERVFAIL')),
  );

  expect(vetted).toEqual({ denied: 'unresolved' });
});

test('Git is given the very addresses that were vetted', async () => {
  const remote = await vetRemote('https://git.example.com/a/b.git', policyFor(''), async () => ['93.184.216.34']);

  expect(remote).toEqual({
    url: 'https://git.example.com/a/b.git',
    plainHttp: false,
    pinned: { host: 'git.example.com', port: 443, addresses: ['93.184.216.34'] },
  });
  await expect(vetRemote('https://git.example.com/a/b.git', policyFor(''), async () => ['10.0.0.1'])).rejects.toMatchObject({
    code: 'POLICY_DENIED',
  });
});

test('a redirect is handed back, not followed', async () => {
  answer = { status: 302, headers: { location: `http://127.0.0.1:${port}/elsewhere` }, body: '' };

  const response = await openFetch(`127.0.0.1:${port}`)(`http://127.0.0.1:${port}/x`);

  expect(response.status).toBe(302);
  expect(hits).toBe(1);
});

test('a body that unpacks to more than an API answers is cut off', async () => {
  answer = { status: 200, headers: { 'content-encoding': 'gzip' }, body: gzipSync(Buffer.alloc(32 * 1024 * 1024)) };

  await expect(openFetch(`127.0.0.1:${port}`)(`http://127.0.0.1:${port}/bomb`)).rejects.toMatchObject({ code: 'PROVIDER_FAILED' });
});

test('nobody there is a lost connection', async () => {
  await expect(openFetch('127.0.0.1:1')(`http://127.0.0.1:1/`)).rejects.toMatchObject({ code: 'CONNECTION_FAILED' });
});

test('an address that is let through for one port is not for another', async () => {
  await expect(openFetch('127.0.0.1:1')(`http://127.0.0.1:${port}/`)).rejects.toMatchObject({ code: 'POLICY_DENIED' });
  await expect(openFetch(`127.0.0.1:${port}`)(`http://127.0.0.2:${port}/`)).rejects.toMatchObject({ code: 'POLICY_DENIED' });
  expect(hits).toBe(0);
});

test('a proxy of the environment is not used', async () => {
  process.env['http_proxy'] = process.env['HTTP_PROXY'] = process.env['ALL_PROXY'] = 'http://127.0.0.1:1';
  try {
    expect((await openFetch(`127.0.0.1:${port}`)(`http://127.0.0.1:${port}/x`)).status).toBe(200);
  } finally {
    for (const name of ['http_proxy', 'HTTP_PROXY', 'ALL_PROXY']) delete process.env[name];
  }
});

test('every new connection is vetted anew: a name that moves to an address that is not allowed is left', async () => {
  answer = { status: 200, headers: { connection: 'close' }, body: 'hello' };
  const answers = [['127.0.0.1'], ['127.0.0.1', '10.0.0.1'], ['10.0.0.1'], ['::1']];
  const fetch = openFetch(`git.localhost:${port}`, async () => answers.shift() ?? []);
  const ask = () => fetch(`http://git.localhost:${port}/`);

  expect((await ask()).status).toBe(200);
  await expect(ask()).rejects.toMatchObject({ code: 'POLICY_DENIED' });
  await expect(ask()).rejects.toMatchObject({ code: 'POLICY_DENIED' });
  await expect(ask()).rejects.toMatchObject({ code: 'CONNECTION_FAILED' });
  await expect(ask()).rejects.toMatchObject({ code: 'POLICY_DENIED' });
  expect(hits).toBe(1);
});

test('an answer that drips byte by byte is given up after the time for a whole answer', async () => {
  server.removeAllListeners('request');
  server.on('request', (_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    const drip = setInterval(() => response.write(' '), 20);
    response.on('close', () => clearInterval(drip));
  });
  const egress = createEgressFetch(policyFor('127.0.0.1'), createResolver([]), 300);
  opened.push(egress);

  await expect(egress.fetch(`http://127.0.0.1:${port}/`)).rejects.toMatchObject({
    code: 'CONNECTION_FAILED',
    retryClass: 'transient',
    message: `127.0.0.1:${port} did not finish its answer within 0.3 s.`,
  });
});

test('an answer of 200 MB is given up after 10 MiB, and is no reason to stop trying', async () => {
  let sent = 0;
  const part = Buffer.alloc(1024 * 1024, 0x20);
  server.removeAllListeners('request');
  server.on('request', (_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    const send = (): void => {
      while (sent < 200 && !response.destroyed) {
        sent++;
        if (!response.write(part)) return void response.once('drain', send);
      }
      response.end();
    };
    send();
  });

  await expect(openFetch('127.0.0.1')(`http://127.0.0.1:${port}/`)).rejects.toMatchObject({
    code: 'PROVIDER_FAILED',
    retryClass: 'transient',
  });
  expect(sent).toBeLessThan(100);
});
