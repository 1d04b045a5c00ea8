/**
 * Probot's own middleware with a handler that does nothing: it checks the signature and parses the body, and stores nothing.
 * PORT and SECRET from the environment; ends when its starter does.
 */
import { generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:http';
import { createNodeMiddleware, createProbot } from 'probot';

const { PORT, SECRET } = process.env;
const { privateKey } = generateKeyPairSync('rsa', {
  modulusLength: 2_048,
  privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
  publicKeyEncoding: { type: 'pkcs1', format: 'pem' },
});
const probot = createProbot({ overrides: { appId: 1, privateKey, secret: SECRET, logLevel: 'fatal' } });
const middleware = await createNodeMiddleware((app) => app.on('push', async () => undefined), { probot, webhooksPath: '/webhook' });

process.on('disconnect', () => process.exit(0));
process.on('SIGTERM', () => process.exit(0));
createServer((request, response) => void middleware(request, response, () => response.writeHead(404).end())).listen(
  Number(PORT),
  '127.0.0.1',
  () => console.log('ready'),
);
