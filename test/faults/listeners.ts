import { once } from 'node:events';
import type { Server, Socket } from 'node:net';
import { createServer } from 'node:net';
import type { Scope } from '#test/support/scope.ts';

/** One connection that somebody made, by the end that it was made to. */
export interface Hit {
  readonly address: string;
  readonly port: number;
  /** What was sent first: a request, or a TLS greeting with the server's name in clear text. Empty when nothing was sent. */
  readonly first: string;
}

export interface Listeners {
  /** Takes what was recorded since the last call. Waits for connections that have not said anything yet. */
  take(): Promise<readonly Hit[]>;
}

const NOT_FOUND = 'HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n';

/** Listens on all these places, notes every connection, and answers none of them with anything useful. */
export async function startListeners(
  scope: Scope,
  places: readonly { readonly address: string; readonly port: number }[],
): Promise<Listeners> {
  const hits: Promise<Hit>[] = [];
  for (const { address, port } of places) {
    const server = createServer((socket) => hits.push(note(socket, address, port)));
    server.listen(port, address);
    await once(server, 'listening');
    scope.defer(() => close(server));
  }
  return { take: () => Promise.all(hits.splice(0)) };
}

async function note(socket: Socket, address: string, port: number): Promise<Hit> {
  const { promise, resolve } = Promise.withResolvers<string>();
  socket.on('error', () => resolve(''));
  socket.on('close', () => resolve(''));
  socket.once('data', (data: Buffer) => {
    resolve(data.toString('latin1'));
    socket.end(NOT_FOUND);
  });
  return { address, port, first: await promise };
}

async function close(server: Server): Promise<void> {
  server.close();
  await once(server, 'close');
}
