import type { IncomingMessage } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { connect } from 'node:net';

export interface ConnectProxy {
  readonly port: number;
  /** Every CONNECT with what it was asked with. */
  readonly asked: { readonly target: string; readonly authorization: string | undefined }[];
  /** Answered in place of a tunnel. */
  refuse: number | undefined;
  close(): Promise<void>;
}

/** An HTTP proxy on loopback that tunnels, whatever host is named, to the one server behind it. Like many, it closes after a refusal. */
export async function startConnectProxy(behindPort: number, credential?: { readonly username: string; readonly secret: string }) {
  const asked: { target: string; authorization: string | undefined }[] = [];
  const sockets = new Set<Socket>();
  const wanted =
    credential === undefined ? undefined : `Basic ${Buffer.from(`${credential.username}:${credential.secret}`).toString('base64')}`;
  const http = createServer((_request, response) => void response.writeHead(501).end());
  http.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => undefined);
  });
  http.on('connect', (request: IncomingMessage, socket: Socket) => {
    const authorization = request.headers['proxy-authorization'];
    asked.push({ target: request.url ?? '', authorization });
    const refusal = proxy.refuse ?? (wanted === undefined || authorization === wanted ? undefined : 407);
    if (refusal !== undefined) {
      const challenge = refusal === 407 ? 'Proxy-Authenticate: Basic realm="proxy"\r\n' : '';
      socket.end(`HTTP/1.1 ${refusal} No\r\n${challenge}Content-Length: 0\r\nConnection: close\r\n\r\n`);
      return;
    }
    const behind = connect(behindPort, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
      behind.pipe(socket);
      socket.pipe(behind);
    });
    sockets.add(behind);
    behind.on('error', () => socket.destroy());
    socket.on('close', () => behind.destroy());
  });
  await new Promise<void>((resolve) => {
    http.listen(0, '127.0.0.1', resolve);
  });
  const proxy: ConnectProxy = {
    port: (http.address() as AddressInfo).port,
    asked,
    refuse: undefined,
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => {
        http.close(resolve);
      });
    },
  };
  return proxy;
}
