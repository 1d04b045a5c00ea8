import type { FastifyInstance, FastifyRequest } from 'fastify';
import { refuse } from '#domain/refusal.ts';
import type { Auth } from '#http/auth.ts';
import type { OperationsDeps } from '#http/operations-server.ts';
import { RefusedError } from '#http/errors.ts';

/** What load balancers, monitors and people who look around ask. */
export function registerOperations(scope: FastifyInstance, deps: OperationsDeps, auth: Auth): void {
  scope.get('/healthz', { schema: { hide: true } }, async () => ({ status: 'ok', version: deps.version }));

  scope.get('/readyz', { schema: { hide: true } }, async (_request, reply) => {
    const { ready, problems } = await deps.checkReady();
    return reply.code(ready ? 200 : 503).send({ status: ready ? (problems.length === 0 ? 'ready' : 'degraded') : 'not ready', problems });
  });

  scope.get('/metrics', { config: { action: 'metrics:view' }, schema: { hide: true } }, async (request, reply) => {
    if (!isLoopback(request)) await auth.require(request);
    return reply.type(deps.metrics.contentType).send(await deps.metrics.render());
  });

  scope.setNotFoundHandler((request) => {
    throw new RefusedError(refuse('NOT_FOUND', `Nothing answers ${request.method} ${request.url.split('?')[0]?.slice(0, 200) ?? ''}.`));
  });
}

/** Behind a proxy on this machine everybody comes from here; what a proxy passes on is not taken for local. */
const PROXIED = ['x-forwarded-for', 'forwarded', 'x-real-ip', 'via'];

function isLoopback({ raw, headers }: FastifyRequest): boolean {
  if (PROXIED.some((name) => headers[name] !== undefined)) return false;
  const address = raw.socket.remoteAddress ?? '';
  return address === '127.0.0.1' || address === '::1' || address === '::ffff:127.0.0.1';
}
