import type { FastifyRequest } from 'fastify';
import { notFound } from '#domain/refusal.ts';
import type { Auth } from '#http/auth.ts';
import type { HttpDeps } from '#http/deps.ts';
import { RefusedError } from '#http/errors.ts';

/** What concerns the whole installation is answered to members of the organization that came with it, and does not exist for others. */
export function requireOperator(deps: Pick<HttpDeps, 'operators'>, auth: Auth, request: FastifyRequest): void {
  if (auth.actorOf(request).organizationSlug !== deps.operators) throw new RefusedError(notFound('address'));
}
