import type { FastifyInstance, FastifyRequest } from 'fastify';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** How long the body may take to arrive, in milliseconds from the end of its headers; a minute unless said. */
    arrivesWithinMs?: number;
  }
}

const ARRIVES_WITHIN_MS = 60_000;
/** How long the longest upload may take; Node ends every request then. */
export const LONGEST_ARRIVAL_MS = 30 * 60_000;
/** How long headers may take (SECURITY.md T33), and how often Node and we look for what is late. */
export const HEADERS_WITHIN_MS = 5_000;
export const LOOK_EVERY_MS = 1_000;

/** Node has one limit for all requests. Whose body is late at a shorter one of its route is answered 408 and cut off, as Node does it. */
export function limitArrival(server: FastifyInstance): void {
  const arriving = new Map<FastifyRequest['raw'], number>();
  server.addHook('onRequest', ({ raw, routeOptions }, _reply, done) => {
    if (!raw.complete) arriving.set(raw, performance.now() + (routeOptions.config.arrivesWithinMs ?? ARRIVES_WITHIN_MS));
    done();
  });
  server.addHook('onResponse', ({ raw }, _reply, done) => {
    arriving.delete(raw);
    done();
  });
  // One look at all of them: a timer for each request costs more than all else here.
  const timer = setInterval(() => {
    const now = performance.now();
    for (const [raw, deadline] of arriving) {
      if (raw.complete || raw.destroyed) arriving.delete(raw);
      else if (deadline <= now) server.server.emit('clientError', new LateError('the request arrives too slowly'), raw.socket);
    }
  }, LOOK_EVERY_MS).unref();
  server.addHook('onClose', (_server, done) => {
    clearInterval(timer);
    done();
  });
}

/** By its code Fastify tells a late request from a broken one. */
class LateError extends Error {
  override readonly name = 'LateError';
  readonly code = 'ERR_HTTP_REQUEST_TIMEOUT';
}
