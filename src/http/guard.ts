import type { FastifyInstance, FastifyReply, FastifyRequest, HTTPMethods } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { refuse, refuseFields } from '#domain/refusal.ts';
import { ACTIONS } from '#people/can.ts';
import type { Action } from '#people/can.ts';
import type { Auth } from './auth.ts';
import { RefusedError } from './errors.ts';
import type { Api } from './routes/shared.ts';
import { fieldsWithNul } from './storable-text.ts';

interface Known {
  readonly methods: Set<string>;
  readonly action: Action;
}

export interface Guarded {
  readonly api: Api;
  /** Answers the methods that no route of the scope takes. Call it after the last route. */
  readonly refuseOtherMethods: () => void;
}

/**
 * A scope that nobody enters unasked: every route says which action it is, or cannot be registered, and is answered for those who
 * may (SECURITY T37). Answers are not kept by caches, since they depend on who asks.
 */
export function guard(scope: FastifyInstance, auth: Auth): Guarded {
  const routes = new Map<string, Known>();
  scope.addHook('onRoute', ({ method, routePath, config }) => {
    const action = config?.action;
    if (action === undefined || !Object.hasOwn(ACTIONS, action))
      throw new Error(`The route ${String(method)} ${routePath} does not say which action it is.`);
    const known = routes.get(routePath) ?? { methods: new Set(), action };
    for (const name of [method].flat()) known.methods.add(name);
    routes.set(routePath, known);
  });
  scope.addHook('onRequest', auth.require);
  scope.addHook('preValidation', async ({ body, query }) => {
    // Lists of objects are other systems' bulk calls; half of one done would be worse than none.
    if (Array.isArray(body)) throw new RefusedError(refuse('BULK_NOT_SUPPORTED', 'This address takes one object, not a list.'));
    const refused = [...fieldsWithNul(query), ...fieldsWithNul(body)];
    if (refused.length > 0)
      throw new RefusedError(refuseFields(Object.fromEntries(refused.map((name) => [name, ['Holds a NUL character.']]))));
  });
  scope.addHook('onSend', async (_request, reply, payload) => {
    reply.header('cache-control', 'no-store');
    return payload;
  });
  return {
    api: scope.withTypeProvider<ZodTypeProvider>(),
    refuseOtherMethods: () => {
      for (const [url, known] of routes) refuseOthers(scope, url, known, isCollection(routes, url));
    },
  };
}

const WRITES: readonly HTTPMethods[] = ['POST', 'PUT', 'PATCH', 'DELETE'];

function refuseOthers(scope: FastifyInstance, url: string, { methods, action }: Known, bulk: boolean): void {
  const allowed = [...methods].toSorted().join(', ');
  const others = WRITES.filter((method) => !methods.has(method));
  if (others.length === 0) return;
  const handler = async ({ method }: FastifyRequest, reply: FastifyReply): Promise<never> => {
    if (bulk && method !== 'POST')
      throw new RefusedError(refuse('BULK_NOT_SUPPORTED', 'Objects are changed and deleted one by one, under the address of each.'));
    void reply.header('allow', allowed);
    throw new RefusedError(refuse('METHOD_NOT_ALLOWED', `${method} is not possible here; ${allowed} is.`));
  };
  scope.route({ method: [...others], url, config: { action }, schema: { hide: true }, handler });
}

/** A list that objects are added to, each under an address below it. */
function isCollection(routes: ReadonlyMap<string, Known>, url: string): boolean {
  const methods = routes.get(url)?.methods;
  return methods !== undefined && methods.has('GET') && methods.has('POST') && routes.has(`${url}/:id`);
}
