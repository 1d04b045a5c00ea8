import type { ServerResponse } from 'node:http';
import { gzipSync } from 'node:zlib';
import { commitFiles, createObjects } from '#test/hostile/objects.ts';
import { packet } from '#test/hostile/scripted-server.ts';
import type { HostileRepository, Served, ServedRequest } from '#test/hostile/served.ts';
import { serve } from '#test/hostile/served.ts';

const GOOD = 'config_contexts/good.json';
const READ = { files: [GOOD] } as const;
const ADVERTISEMENT = { 'content-type': 'application/x-git-upload-pack-advertisement' };

type Answer = (response: ServerResponse, request: ServedRequest) => void;

function served(more: Partial<Served> | ((canary: string) => Partial<Served>)): HostileRepository['make'] {
  return ({ canary }) => {
    const store = createObjects();
    const head = commitFiles(store, { [GOOD]: '{"_metadata": {"name": "good"}, "a": 1}' });
    return serve(store, head, typeof more === 'function' ? more(canary) : more);
  };
}

/** Everything as usual but the answer to one command. */
function answering(command: ServedRequest['command'] | 'any', answer: Answer): HostileRepository['make'] {
  return served({
    answer: (request, response) => {
      if (command !== 'any' && request.command !== command) return undefined;
      answer(response, request);
      return 'answered';
    },
  });
}

/** Writes the same piece again and again, as long as the other side takes it. */
function flood(response: ServerResponse, piece: Buffer): void {
  const write = (): void => {
    while (!response.destroyed && response.write(piece));
  };
  response.on('drain', write);
  write();
}

function drip(response: ServerResponse): void {
  const timer = setInterval(() => response.write('0'), 200);
  response.on('close', () => clearInterval(timer));
}

function redirect(status: number, target: (canary: string) => string): HostileRepository {
  return {
    name: `a redirect, ${status}, to ${target('somewhere else')}`,
    cases: ['SSRF-07'],
    make: answering('any', (response, { canary }) => void response.writeHead(status, { location: target(canary) }).end()),
    expect: { code: 'REPO_MOVED' },
  };
}

const NOISY = '\u001b[2J\u001b]0;owned\u0007\u202e\u009b31m\r\nfatal: Authentication failed for nobody\nremote: Repository not found\n';
const MANY = Buffer.alloc(64 * 1024, 'x');

export const SERVERS: readonly HostileRepository[] = [
  ...[301, 302, 307, 308].map((status) => redirect(status, (canary) => `${canary}/x.git/info/refs?service=git-upload-pack`)),
  redirect(301, () => '/other.git/info/refs?service=git-upload-pack'),
  redirect(302, () => 'ext::touch pwn'),
  redirect(302, () => 'file:///etc/passwd'),
  {
    name: 'a redirect of the pack only',
    cases: ['SSRF-07'],
    make: answering('fetch', (response, { canary }) => void response.writeHead(307, { location: `${canary}/git-upload-pack` }).end()),
    expect: { code: ['REPO_MOVED', 'CONNECTION_FAILED', 'PROVIDER_FAILED', 'PROVIDER_REFUSED'] },
  },
  { name: 'a list of bundles at an address of nobody', cases: ['GIT-23'], make: served({ capabilities: ['bundle-uri'] }), expect: READ },
  {
    name: 'packs at an address of nobody',
    cases: ['GIT-23'],
    make: served({ capabilities: ['fetch=packfile-uris shallow filter'] }),
    expect: READ,
  },
  {
    name: 'a server that offers to leave objects out',
    cases: ['GIT-23'],
    make: served({ capabilities: ['fetch=filter', 'promisor-remote=name=x,url=http://127.0.0.1:1/'] }),
    expect: READ,
  },
  {
    name: 'the old protocol with alternates at an address of nobody',
    cases: ['SSRF-07'],
    make: answering('any', (response, { path, canary }) => {
      const files: Readonly<Record<string, string>> = {
        'info/refs': `${'1'.repeat(40)}\trefs/heads/main\n`,
        HEAD: 'ref: refs/heads/main\n',
        'objects/info/http-alternates': `${canary}/objects\n`,
        'objects/info/alternates': '/etc\n',
      };
      const file = files[path];
      if (file === undefined) return void response.writeHead(404).end();
      response.writeHead(200, { 'content-type': 'text/plain' }).end(file);
    }),
    expect: { code: ['REMOTE_CORRUPT', 'REPO_NOT_FOUND', 'PROVIDER_REFUSED', 'CONNECTION_FAILED'] },
  },
  {
    name: 'a gigabyte of nothing as compressed refs',
    make: answering(
      'info/refs',
      (response) =>
        void response.writeHead(200, { ...ADVERTISEMENT, 'content-encoding': 'gzip' }).end(gzipSync(Buffer.alloc(1024 * 1024 * 1024))),
    ),
    expect: { code: ['PROVIDER_FAILED', 'CONNECTION_FAILED', 'REPO_NOT_FOUND', 'TOO_LARGE', 'REMOTE_CORRUPT'] },
    isHeavy: true,
  },
  {
    name: 'a compressed answer that is none',
    make: answering(
      'info/refs',
      (response) => void response.writeHead(200, { ...ADVERTISEMENT, 'content-encoding': 'gzip' }).end('not gzip'),
    ),
    expect: { code: ['CONNECTION_FAILED', 'PROVIDER_FAILED'] },
  },
  {
    name: 'refs without end',
    make: answering('ls-refs', (response) => {
      response.writeHead(200, { 'content-type': 'application/x-git-upload-pack-result' });
      flood(response, Buffer.concat(Array.from({ length: 1_000 }, (_, at) => packet(`${'1'.repeat(40)} refs/heads/b${at}\n`))));
    }),
    expect: { code: ['TOO_LARGE', 'CLONE_TIMEOUT', 'CONNECTION_FAILED'] },
    timeoutMs: 3_000,
  },
  {
    name: 'an advertisement without end',
    make: answering('info/refs', (response) => {
      response.writeHead(200, ADVERTISEMENT);
      flood(response, MANY);
    }),
    expect: { code: ['PROVIDER_FAILED', 'CLONE_TIMEOUT', 'CONNECTION_FAILED', 'REPO_NOT_FOUND', 'TOO_LARGE'] },
    timeoutMs: 3_000,
  },
  {
    name: 'progress without end',
    make: answering('fetch', (response) => {
      response.writeHead(200, { 'content-type': 'application/x-git-upload-pack-result' });
      response.write(packet('packfile\n'));
      flood(response, packet(Buffer.concat([Buffer.from([2]), Buffer.alloc(60_000, '\u001b[2Jx')])));
    }),
    expect: { code: ['TOO_LARGE', 'CLONE_TIMEOUT'] },
    timeoutMs: 3_000,
  },
  {
    name: 'a pack without end',
    make: answering('fetch', (response) => {
      response.writeHead(200, { 'content-type': 'application/x-git-upload-pack-result' });
      response.write(packet('packfile\n'));
      response.write(packet(Buffer.concat([Buffer.from([1]), Buffer.from('PACK\0\0\0\x02\x7f\xff\xff\xff', 'latin1')])));
      flood(response, packet(Buffer.concat([Buffer.from([1]), Buffer.alloc(60_000, 0x30)])));
    }),
    expect: { code: ['REMOTE_CORRUPT', 'TOO_LARGE', 'CLONE_TIMEOUT', 'CONNECTION_FAILED'] },
    timeoutMs: 5_000,
  },
  {
    name: 'a byte every fifth of a second',
    make: answering('info/refs', (response) => {
      response.writeHead(200, ADVERTISEMENT);
      drip(response);
    }),
    expect: { code: ['CLONE_TIMEOUT', 'CONNECTION_FAILED'] },
    timeoutMs: 2_000,
  },
  {
    name: 'a byte every fifth of a second, until Git has enough',
    make: answering('info/refs', (response) => {
      response.writeHead(200, ADVERTISEMENT);
      drip(response);
    }),
    expect: { code: 'CONNECTION_FAILED' },
    isHeavy: true,
  },
  { name: 'silence', make: answering('any', () => undefined), expect: { code: 'CLONE_TIMEOUT' }, timeoutMs: 1_500 },
  { name: 'a connection that is cut', make: answering('fetch', (response) => response.destroy()), expect: { code: 'CONNECTION_FAILED' } },
  {
    name: 'headers of two megabytes',
    make: answering(
      'any',
      (response) =>
        void response.writeHead(200, Object.fromEntries(Array.from({ length: 2_000 }, (_, at) => [`x-${at}`, 'x'.repeat(1_000)]))).end(),
    ),
    expect: { code: ['CONNECTION_FAILED', 'PROVIDER_FAILED', 'REPO_NOT_FOUND'] },
  },
  {
    name: 'a page for people',
    make: answering(
      'any',
      (response) => void response.writeHead(200, { 'content-type': 'text/html' }).end('<html>\n<script>alert(1)</script>\n</html>\n'),
    ),
    expect: { code: ['REPO_NOT_FOUND', 'PROVIDER_FAILED'] },
  },
  {
    name: 'an error with escapes for terminals',
    make: answering(
      'info/refs',
      (response) =>
        void response
          .writeHead(200, ADVERTISEMENT)
          .end(Buffer.concat([packet('# service=git-upload-pack\n'), Buffer.from('0000'), packet(`ERR ${NOISY}`)])),
    ),
    expect: { code: ['PROVIDER_FAILED', 'REPO_NOT_FOUND', 'AUTH_FAILED'] },
  },
  { name: 'progress that looks like errors', make: served({ progress: NOISY.repeat(20) }), expect: READ },
  {
    name: 'an agent with a line break',
    make: served({ capabilities: ['agent=x\nfetch=evil'] }),
    expect: { code: [undefined, 'PROVIDER_FAILED'] },
  },
  {
    name: 'lengths that are none',
    make: answering('info/refs', (response) => void response.writeHead(200, ADVERTISEMENT).end('zzzz# service=git-upload-pack\n')),
    expect: { code: ['PROVIDER_FAILED', 'REPO_NOT_FOUND'] },
  },
  {
    name: 'lengths shorter than themselves',
    make: answering('info/refs', (response) => void response.writeHead(200, ADVERTISEMENT).end('000300010002')),
    expect: { code: ['PROVIDER_FAILED', 'REPO_NOT_FOUND'] },
  },
  {
    name: 'a login page of a megabyte',
    make: answering(
      'any',
      (response) => void response.writeHead(401, { 'www-authenticate': `Basic realm="${'x'.repeat(10_000)}"` }).end(MANY),
    ),
    expect: { code: 'AUTH_MISSING' },
  },
  {
    name: 'a cookie to be kept',
    make: answering('any', (response) => void response.writeHead(500, { 'set-cookie': 'a=b; Path=/' }).end()),
    expect: { code: 'PROVIDER_FAILED' },
  },
  {
    name: 'a wait of years',
    cases: ['RATE-03'],
    make: answering('any', (response) => void response.writeHead(429, { 'retry-after': '99999999' }).end()),
    expect: { code: 'RATE_LIMITED' },
  },
  {
    name: 'a failure with words that are not true',
    make: answering('any', (response) => void response.writeHead(418).end(NOISY)),
    expect: { code: 'PROVIDER_REFUSED' },
  },
];
