import { connect } from 'node:net';
import type { Socket } from 'node:net';

export interface SlowRequest {
  /** Milliseconds from the connection until the other side closed it; undefined while it is open. */
  readonly closedAfterMs: () => number | undefined;
  readonly end: () => void;
}

const DRIP_MS = 1_000;

/** Sends a request a byte a second: its head, or after a whole head its body. */
export function startSlowRequest(url: string, part: 'head' | 'body'): SlowRequest {
  const { hostname, port, pathname } = new URL(url);
  const head = `POST ${pathname} HTTP/1.1\r\nHost: ${hostname}\r\nContent-Type: application/json\r\n`;
  const began = performance.now();
  let closedAfterMs: number | undefined;
  const socket: Socket = connect({ host: hostname, port: Number(port) });
  socket.write(part === 'head' ? head : `${head}Content-Length: 100000\r\n\r\n{`);
  const dripping = setInterval(() => socket.write('x'), DRIP_MS);
  socket.on('error', () => undefined);
  socket.on('data', () => undefined);
  socket.on('close', () => {
    clearInterval(dripping);
    closedAfterMs ??= performance.now() - began;
  });
  return { closedAfterMs: () => closedAfterMs, end: () => socket.destroy() };
}
