import { execFileSync, spawn } from 'node:child_process';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Socket } from 'node:net';
import type { ServerCertificate } from './tls.ts';

export interface SeenRequest {
  readonly method: string;
  readonly url: string;
  readonly authorization: string | undefined;
}

export interface GitHttpServer {
  /** `http://127.0.0.1:<port>`, https with `tls`; repositories are at `/<name>.git`. */
  readonly url: string;
  readonly port: number;
  readonly requests: SeenRequest[];
  /** Called first for each request; a returned status is sent in place of Git's answer, `hang` never answers. */
  onRequest: ((request: SeenRequest) => Answer | undefined) | undefined;
  close(): Promise<void>;
}

export type Answer = 'hang' | { readonly status: number; readonly headers?: Readonly<Record<string, string>>; readonly body?: string };

/** Real Git over smart HTTP on loopback: `git http-backend` as CGI, with Basic auth where a credential is given. */
export async function startGitHttpServer(options: {
  readonly root: string;
  readonly credential?: { readonly username: string; readonly secret: string };
  readonly tls?: ServerCertificate;
}): Promise<GitHttpServer> {
  const execPath = execFileSync('git', ['--exec-path'], { encoding: 'utf8' }).trim();
  const requests: SeenRequest[] = [];
  const sockets = new Set<Socket>();
  const serve = (request: IncomingMessage, response: ServerResponse): void => {
    const seen = { method: request.method ?? '', url: request.url ?? '', authorization: request.headers.authorization };
    requests.push(seen);
    const answer = server.onRequest?.(seen);
    if (answer === 'hang') return;
    if (answer !== undefined) return void response.writeHead(answer.status, answer.headers).end(answer.body ?? '');
    if (!isAllowed(seen, options.credential)) {
      return void response.writeHead(401, { 'www-authenticate': 'Basic realm="git"' }).end('no');
    }
    runBackend(`${execPath}/git-http-backend`, options.root, request, response);
  };
  const http = options.tls === undefined ? createServer(serve) : createTlsServer(options.tls, serve);
  http.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => {
    http.listen(0, '127.0.0.1', resolve);
  });
  const { port } = http.address() as AddressInfo;
  const server: GitHttpServer = {
    url: `${options.tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`,
    port,
    requests,
    onRequest: undefined,
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => {
        http.close(resolve);
      });
    },
  };
  return server;
}

function isAllowed(
  { authorization }: SeenRequest,
  credential: { readonly username: string; readonly secret: string } | undefined,
): boolean {
  if (credential === undefined) return true;
  return authorization === `Basic ${Buffer.from(`${credential.username}:${credential.secret}`).toString('base64')}`;
}

function runBackend(backend: string, root: string, request: IncomingMessage, response: ServerResponse): void {
  const { pathname, search } = new URL(request.url ?? '/', 'http://127.0.0.1');
  const child = spawn(backend, {
    env: {
      PATH: '/usr/bin:/bin',
      GIT_PROJECT_ROOT: root,
      GIT_HTTP_EXPORT_ALL: '1',
      GIT_CONFIG_COUNT: '2',
      GIT_CONFIG_KEY_0: 'safe.directory',
      GIT_CONFIG_VALUE_0: '*',
      GIT_CONFIG_KEY_1: 'http.receivepack',
      GIT_CONFIG_VALUE_1: 'true',
      REQUEST_METHOD: request.method ?? 'GET',
      PATH_INFO: decodeURIComponent(pathname),
      QUERY_STRING: search.slice(1),
      CONTENT_TYPE: request.headers['content-type'] ?? '',
      HTTP_CONTENT_ENCODING: request.headers['content-encoding'] ?? '',
      GIT_PROTOCOL: String(request.headers['git-protocol'] ?? ''),
      REMOTE_ADDR: '127.0.0.1',
    },
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  request.pipe(child.stdin);
  child.stdin.on('error', () => undefined);
  let head = Buffer.alloc(0);
  const onData = (chunk: Buffer): void => {
    head = Buffer.concat([head, chunk]);
    const end = head.indexOf('\r\n\r\n');
    if (end === -1) return;
    child.stdout.off('data', onData);
    const headers = head
      .toString('latin1', 0, end)
      .split('\r\n')
      .map((line) => line.split(': ', 2) as [string, string]);
    const status = headers.find(([name]) => name === 'Status')?.[1] ?? '200';
    response.writeHead(Number.parseInt(status, 10), Object.fromEntries(headers.filter(([name]) => name !== 'Status')));
    response.write(head.subarray(end + 4));
    child.stdout.pipe(response);
  };
  child.stdout.on('data', onData);
  child.on('close', () => response.end());
  response.on('close', () => child.kill());
}
