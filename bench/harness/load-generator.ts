/**
 * A process of its own that keeps a number of connections busy with signed deliveries. It speaks the little HTTP that it needs
 * over plain sockets, because an HTTP client would take more of the machine than the servers that are measured.
 */
import { createHmac, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { connect } from 'node:net';
import type { LoadOrder, LoadResult } from './load.ts';
import { quantile } from './statistics.ts';

/** Probot answers 200. */
const ACCEPTED = /^HTTP\/1\.1 20[02] /;

if (process.send === undefined) throw new Error('the load generator is started by a bench');
process.on('disconnect', () => process.exit(0));
const [order] = (await once(process, 'message')) as [LoadOrder];
process.send(await sendAll(order));

async function sendAll(load: LoadOrder): Promise<LoadResult> {
  const body = Buffer.from(load.body, 'base64');
  const signature = createHmac('sha256', load.secret).update(body).digest('hex');
  const sockets = await Promise.all(Array.from({ length: load.connections }, () => open(load.port)));
  const acknowledged: string[] = [];
  const times: number[] = [];
  let refused = 0;
  let lastRefusal: string | undefined;
  const startedAt = performance.now();
  const until = startedAt + load.durationMs;

  async function keepBusy(socket: Socket): Promise<void> {
    const read = reader(socket);
    while (performance.now() < until) {
      const id = randomUUID();
      const sentAt = performance.now();
      socket.write(Buffer.concat([head(load, signature, id, body.length), body]));
      const answer = await read();
      times.push(performance.now() - sentAt);
      if (ACCEPTED.test(answer)) acknowledged.push(id);
      else {
        refused++;
        lastRefusal = answer.slice(0, 500);
      }
    }
    socket.destroy();
  }

  await Promise.all(sockets.map(keepBusy));
  const seconds = (performance.now() - startedAt) / 1_000;
  return {
    perSecond: acknowledged.length / seconds,
    p50Ms: quantile(times, 0.5),
    p99Ms: quantile(times, 0.99),
    acknowledged,
    refused,
    lastRefusal,
  };
}

async function open(port: number): Promise<Socket> {
  const socket = connect({ host: '127.0.0.1', port, noDelay: true });
  await once(socket, 'connect');
  return socket;
}

function head({ port, path }: LoadOrder, signature: string, id: string, length: number): Buffer {
  return Buffer.from(
    `POST ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nAccept: */*\r\nUser-Agent: GitHub-Hookshot/044aadd\r\n` +
      `Content-Type: application/json\r\nContent-Length: ${length}\r\nX-GitHub-Delivery: ${id}\r\nX-GitHub-Event: push\r\n` +
      `X-GitHub-Hook-ID: 292430182\r\nX-GitHub-Hook-Installation-Target-ID: 186853002\r\n` +
      `X-GitHub-Hook-Installation-Target-Type: repository\r\nX-Hub-Signature-256: sha256=${signature}\r\n\r\n`,
  );
}

/** Reads one answer at a time; every answer here has a length. */
function reader(socket: Socket): () => Promise<string> {
  let received = '';
  let waiting: { readonly resolve: (answer: string) => void; readonly reject: (error: Error) => void } | undefined;
  const take = (): void => {
    const end = received.indexOf('\r\n\r\n');
    if (end < 0 || waiting === undefined) return;
    const length = Number(/\r\ncontent-length: (\d+)/i.exec(received.slice(0, end))?.[1] ?? 0);
    if (received.length < end + 4 + length) return;
    const answer = received.slice(0, end + 4 + length);
    received = received.slice(answer.length);
    const { resolve } = waiting;
    waiting = undefined;
    resolve(answer);
  };
  socket.setEncoding('latin1');
  socket.on('data', (chunk: string) => {
    received += chunk;
    take();
  });
  socket.on('error', (error) => waiting?.reject(error));
  socket.on('close', () => waiting?.reject(new Error('the server closed the connection')));
  return () =>
    new Promise((resolve, reject) => {
      waiting = { resolve, reject };
      take();
    });
}
