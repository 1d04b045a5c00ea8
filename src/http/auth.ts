import type { FastifyRequest } from 'fastify';
import { notFound, refuse } from '#domain/refusal.ts';
import type { Actor } from '#people/actor.ts';
import type { Authenticate } from '#people/authenticate.ts';
import type { Action } from '#people/can.ts';
import { can } from '#people/can.ts';
import { RefusedError } from './errors.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** What a request of this route does. A guarded route that does not say is not registered, and never answered. */
    readonly action?: Action;
  }
}

/** Who sent each request. Kept beside the request and not on it, so that no type claims an actor where none was looked for. */
export interface Auth {
  /**
   * For `onRequest`: nothing of a request is read before it is known whose it is and that they may do what the route does.
   * 401 without a valid token, 404 for an organization in the path that is not theirs, 403 otherwise.
   */
  readonly require: (request: FastifyRequest) => Promise<void>;
  /** Who passed `require`. */
  readonly actorOf: (request: FastifyRequest) => Actor;
}

export function createAuth(authenticate: Authenticate): Auth {
  const actors = new WeakMap<FastifyRequest, Actor>();
  return {
    async require(request) {
      const actor = await authenticate(request.headers);
      if (actor === undefined) throw new RefusedError(unauthenticated(request));
      const { action } = request.routeOptions.config;
      if (!isTheirs(request, actor)) throw new RefusedError(notFound('organization'));
      if (action === undefined || !can(actor, action, actor))
        throw new RefusedError(refuse('FORBIDDEN', `The role ${actor.role} may not do this (${action ?? 'no action'}).`));
      actors.set(request, actor);
    },
    actorOf(request) {
      const actor = actors.get(request);
      if (actor === undefined) throw new RefusedError(unauthenticated(request));
      return actor;
    },
  };
}

function unauthenticated({ headers }: FastifyRequest) {
  const given = headers.authorization !== undefined || headers['x-infrahub-key'] !== undefined;
  return refuse('UNAUTHENTICATED', given ? 'Invalid token.' : 'Authentication credentials were not provided.');
}

/** An organization that the path names, by slug or id; another one does not exist for them. */
function isTheirs({ params }: FastifyRequest, actor: Actor): boolean {
  const named: unknown = typeof params === 'object' && params !== null ? Reflect.get(params, 'org') : undefined;
  return named === undefined || named === actor.organizationSlug || named === actor.organizationId;
}
