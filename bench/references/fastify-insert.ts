/**
 * What somebody writes in an afternoon: Fastify, the raw body, an HMAC and one INSERT for each request, with everything that
 * makes it fast and is free: a pool, a prepared statement, bytes stored as bytes, one index.
 * PORT, DATABASE_URL and SECRET from the environment; ends when its starter does.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import Fastify from 'fastify';
import pg from 'pg';

const secret = process.env['SECRET'] ?? '';
const pool = new pg.Pool({ connectionString: process.env['DATABASE_URL'], max: 10 });
await pool.query(
  'create table if not exists plain_deliveries (id uuid primary key, event text not null, body bytea not null, received_at timestamptz not null default now())',
);

const server = Fastify({ logger: false, bodyLimit: 26_214_400 });
server.removeAllContentTypeParsers();
server.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
server.post('/webhook', async (request, reply) => {
  const body = request.body as Buffer;
  const expected = `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`;
  const given = String(request.headers['x-hub-signature-256']);
  if (given.length !== expected.length || !timingSafeEqual(Buffer.from(given), Buffer.from(expected))) return reply.code(401).send();
  await pool.query({
    name: 'store',
    text: 'insert into plain_deliveries (id, event, body) values ($1, $2, $3)',
    values: [request.headers['x-github-delivery'], request.headers['x-github-event'], body],
  });
  return reply.code(202).send({ status: 'accepted' });
});

process.on('disconnect', () => process.exit(0));
process.on('SIGTERM', () => process.exit(0));
await server.listen({ host: '127.0.0.1', port: Number(process.env['PORT']) });
console.log('ready');
