import type { FastifyBaseLogger, FastifyInstance } from 'fastify';
import Fastify, { LogController } from 'fastify';
import { createAuth } from './auth.ts';
import type { HttpDeps } from './deps.ts';
import { createErrorHandler } from './errors.ts';
import { registerOperations } from './routes/operations.ts';

export type OperationsDeps = Pick<HttpDeps, 'links' | 'redact' | 'log' | 'version' | 'authenticate' | 'metrics' | 'checkReady'>;

/** `/healthz`, `/readyz` and `/metrics` alone: for a process that answers nothing else, or on a port that the public does not reach. */
export function createOperationsServer(deps: OperationsDeps): FastifyInstance {
  const logger: FastifyBaseLogger = deps.log;
  const server = Fastify({
    loggerInstance: logger,
    logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: 'requestId' }),
    requestTimeout: 10_000,
    routerOptions: { ignoreTrailingSlash: true },
    forceCloseConnections: true,
  });
  server.setErrorHandler(createErrorHandler(deps.links, deps.redact));
  registerOperations(server, deps, createAuth(deps.authenticate));
  return server;
}
