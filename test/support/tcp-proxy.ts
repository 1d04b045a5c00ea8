import type { Server, Socket } from 'node:net';
import { connect, createServer } from 'node:net';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Scope } from './scope.ts';

/** What is wrong with the network, of connections that are open and of new ones. */
export interface Weather {
  /** Each piece arrives this much later; pieces keep their order and travel side by side. */
  readonly latencyMs?: number;
  readonly bytesPerSecond?: number;
  /** Both ends believe that they are connected, and nothing arrives. */
  readonly silent?: boolean;
  /** New connections are closed at once. */
  readonly refused?: boolean;
  /** The connection is reset after so many bytes of an answer. */
  readonly resetAfterBytes?: number;
  /** After so many bytes of an answer nothing more arrives, and the end is never said. */
  readonly silentAfterBytes?: number;
  /** The end of a connection is passed on this much later. */
  readonly closeLateMs?: number;
}

export interface TcpProxy {
  readonly port: number;
  /** Of every connection from now on, open ones too. */
  readonly set: (weather: Weather) => void;
  /** The connections that are open now stay as they are told here; new ones have what `set` says. */
  readonly setOpen: (weather: Weather) => void;
  /** Resets every open connection, or some of them. */
  readonly reset: (choose?: () => boolean) => number;
  readonly open: () => number;
}

interface Line {
  weather: Weather;
  readonly end: () => void;
}

/** Stands between two ends on loopback and is as bad as it is told to be. Gone with the scope. */
export async function startTcpProxy(scope: Scope, target: { readonly host?: string; readonly port: number }): Promise<TcpProxy> {
  let weather: Weather = {};
  const lines = new Set<Line>();
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (near) => {
    if (weather.refused === true) return void near.resetAndDestroy();
    const far = connect({ host: target.host ?? '127.0.0.1', port: target.port, allowHalfOpen: true, noDelay: true });
    const line: Line = { weather, end: () => [near, far].forEach((socket) => socket.resetAndDestroy()) };
    lines.add(line);
    let closed = 0;
    for (const socket of [near, far]) {
      socket.on('error', line.end);
      socket.on('close', () => {
        if (++closed === 2) lines.delete(line);
      });
    }
    carry(near, far, line, false);
    carry(far, near, line, true);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  scope.defer(() => stop(server, lines));
  return {
    port: portOf(server),
    set: (next) => {
      weather = next;
      for (const line of lines) line.weather = next;
    },
    setOpen: (next) => {
      for (const line of lines) line.weather = next;
    },
    reset: (choose = () => true) => {
      const chosen = [...lines].filter(() => choose());
      chosen.forEach((line) => line.end());
      return chosen.length;
    },
    open: () => lines.size,
  };
}

/** One direction of a connection. */
function carry(from: Socket, to: Socket, line: Line, isAnswer: boolean): void {
  let before: Promise<unknown> = Promise.resolve();
  let carried = 0;
  const inOrder = (step: () => Promise<void>): void => {
    before = before.then(step).catch(line.end);
  };
  from.on('data', (chunk: Buffer) => {
    const arrived = performance.now();
    from.pause();
    inOrder(async () => {
      from.resume();
      const { latencyMs = 0, silent, bytesPerSecond, resetAfterBytes, silentAfterBytes } = line.weather;
      await sleep(Math.max(0, arrived + latencyMs - performance.now()));
      carried += chunk.length;
      if (silent === true || (isAnswer && silentAfterBytes !== undefined && carried > silentAfterBytes)) return;
      if (isAnswer && resetAfterBytes !== undefined && carried > resetAfterBytes) return line.end();
      if (!to.write(chunk)) await Promise.race([once(to, 'drain'), once(to, 'close')]);
      if (bytesPerSecond !== undefined) await sleep((chunk.length / bytesPerSecond) * 1_000);
    });
  });
  from.on('end', () =>
    inOrder(async () => {
      const { closeLateMs = 0, silent } = line.weather;
      await sleep(closeLateMs);
      if (silent !== true) to.end();
    }),
  );
  from.on('close', () => {
    if (line.weather.silent !== true) to.destroySoon();
  });
}

async function stop(server: Server, lines: ReadonlySet<Line>): Promise<void> {
  for (const line of lines) line.end();
  server.close();
  await once(server, 'close');
}

function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the proxy listens on no port');
  return address.port;
}
