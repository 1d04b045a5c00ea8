import { once } from 'node:events';
import type { AddressInfo, Socket } from 'node:net';
import { connect } from 'node:net';
import type { FastifyInstance } from 'fastify';
import Fastify from 'fastify';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { limitArrival } from '#http/arrival.ts';

let server: FastifyInstance;
let port: number;
beforeAll(async () => {
  server = Fastify();
  limitArrival(server);
  server.post('/hasty', { config: { arrivesWithinMs: 1 } }, async () => 'all here');
  server.post('/patient', async () => 'all here');
  await server.listen({ host: '127.0.0.1', port: 0 });
  ({ port } = server.server.address() as AddressInfo);
});
afterAll(() => server.close());

/** A request whose body stops half-way. */
async function sendHalf(path: string): Promise<{ readonly socket: Socket; readonly answer: Promise<string> }> {
  const socket = connect({ host: '127.0.0.1', port });
  const answer = socket.setEncoding('utf8').toArray();
  await once(socket, 'connect');
  const head = `POST ${path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: 4\r\n\r\n`;
  socket.write(`${head}"a`);
  return { socket, answer: answer.then((parts) => parts.join('')) };
}

test('a body that is late for its route is answered 408 and cut off, while another route still waits for its own', async () => {
  const patient = await sendHalf('/patient');
  const hasty = await sendHalf('/hasty');

  expect(await hasty.answer).toMatch(/^HTTP\/1\.1 408 /);
  patient.socket.write('b"');
  expect(await patient.answer).toMatch(/^HTTP\/1\.1 200 [^]*all here$/);
});
