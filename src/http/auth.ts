import type { FastifyRequest } from 'fastify';
import { notFound, refuse } from '#domain/refusal.ts';
import type { Actor } from '#people/actor.ts';
import type { Authenticate } from '#people/authenticate.ts';
import type { Action } from '#people/can.ts';
import { can } from '#people/can.ts';
import { RefusedError } from './errors.ts';

/** Who sent each request. Kept beside the request and not on it, so that no type claims an actor where none was looked for. */
export interface Auth {
  /** For `onRequest`: nothing of a request is read before it is known whose it is. */
  readonly require: (request: FastifyRequest) => Promise<void>;
  readonly actorOf: (request: FastifyRequest) => Actor;
  /** The actor, if they may; 403 otherwise. */
  readonly allow: (request: FastifyRequest, action: Action) => Actor;
  /** The same for an organization that the path names, by slug or id; another one does not exist for them. */
  readonly allowIn: (request: FastifyRequest, organization: string, action: Action) => Actor;
}

export function createAuth(authenticate: Authenticate): Auth {
  const actors = new WeakMap<FastifyRequest, Actor>();

  function actorOf(request: FastifyRequest): Actor {
    const actor = actors.get(request);
    if (actor === undefined) throw new RefusedError(refuse('UNAUTHENTICATED', 'Authentication credentials were not provided.'));
    return actor;
  }

  function allow(request: FastifyRequest, action: Action): Actor {
    const actor = actorOf(request);
    if (!can(actor, action, actor)) throw new RefusedError(refuse('FORBIDDEN', `The role ${actor.role} may not do this (${action}).`));
    return actor;
  }

  return {
    async require(request) {
      const actor = await authenticate(request.headers);
      if (actor === undefined) {
        const given = request.headers.authorization !== undefined || request.headers['x-infrahub-key'] !== undefined;
        throw new RefusedError(refuse('UNAUTHENTICATED', given ? 'Invalid token.' : 'Authentication credentials were not provided.'));
      }
      actors.set(request, actor);
    },
    actorOf,
    allow,
    allowIn(request, organization, action) {
      const actor = actorOf(request);
      if (organization !== actor.organizationSlug && organization !== actor.organizationId)
        throw new RefusedError(notFound('organization'));
      return allow(request, action);
    },
  };
}
