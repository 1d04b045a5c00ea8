import type { FastifyInstance, FastifyRequest } from 'fastify';
import { refuse } from '#domain/refusal.ts';
import type { Auth } from '#http/auth.ts';
import type { HttpDeps } from '#http/deps.ts';
import { RefusedError } from '#http/errors.ts';

/** What load balancers, monitors and people who look around ask. */
export function registerOperations(scope: FastifyInstance, deps: HttpDeps, auth: Auth): void {
  scope.get('/healthz', { schema: { hide: true } }, async () => ({ status: 'ok', version: deps.version }));

  scope.get('/readyz', { schema: { hide: true } }, async (_request, reply) => {
    const { ready, problems } = await deps.checkReady();
    return reply.code(ready ? 200 : 503).send({ status: ready ? 'ready' : 'not ready', problems });
  });

  scope.get('/metrics', { schema: { hide: true } }, async (request, reply) => {
    if (!isLoopback(request)) {
      await auth.require(request);
      auth.allow(request, 'metrics:view');
    }
    return reply.type(deps.metrics.contentType).send(await deps.metrics.metrics());
  });

  scope.setNotFoundHandler((request) => {
    throw new RefusedError(refuse('NOT_FOUND', `Nothing answers ${request.method} ${request.url.split('?')[0]?.slice(0, 200) ?? ''}.`));
  });
}

/** The socket's own address: headers that name another are not asked. */
function isLoopback({ raw }: FastifyRequest): boolean {
  const address = raw.socket.remoteAddress ?? '';
  return address === '127.0.0.1' || address === '::1' || address === '::ffff:127.0.0.1';
}
