import helmet from '@fastify/helmet';
import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyBaseLogger, FastifyInstance } from 'fastify';
import Fastify from 'fastify';
import { jsonSchemaTransform, jsonSchemaTransformObject, serializerCompiler, validatorCompiler } from 'fastify-type-provider-zod';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { v7 as newId } from 'uuid';
import type { Auth } from './auth.ts';
import { createAuth } from './auth.ts';
import type { HttpDeps } from './deps.ts';
import { createErrorHandler } from './errors.ts';
import { registerContent } from './routes/content.ts';
import { registerDeliveries } from './routes/deliveries.ts';
import type { EventStreams } from './routes/events.ts';
import { openEventStreams } from './routes/events.ts';
import { registerGitTokens } from './routes/git-tokens.ts';
import { registerImports } from './routes/imports.ts';
import { registerJobResults } from './routes/job-results.ts';
import { registerOperations } from './routes/operations.ts';
import { registerPages } from './routes/pages.ts';
import { registerPeople } from './routes/people.ts';
import { registerRepositories } from './routes/repositories.ts';
import type { Api } from './routes/shared.ts';
import { registerWebhook } from './routes/webhook.ts';

const API_BODY_BYTES = 1024 * 1024;
/** Slow senders are ended: a request has this long to arrive, its headers half of it (SECURITY.md T33). */
const REQUEST_MS = 60_000;
const HEADERS_MS = 10_000;

/** The whole HTTP surface, not listening yet. Closing it ends the event streams first. */
export async function createHttpServer(deps: HttpDeps): Promise<FastifyInstance> {
  const server = Fastify({
    loggerInstance: deps.log as FastifyBaseLogger,
    disableRequestLogging: true,
    bodyLimit: API_BODY_BYTES,
    requestTimeout: REQUEST_MS,
    http: { headersTimeout: HEADERS_MS },
    genReqId: () => newId(),
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: 300 },
    forceCloseConnections: 'idle',
  });
  server.setValidatorCompiler(validatorCompiler);
  server.setSerializerCompiler(serializerCompiler);
  server.setErrorHandler(createErrorHandler(deps.links));
  const auth = createAuth(deps.authenticate);
  const streams = await openEventStreams(deps);
  server.addHook('preClose', () => streams.close());

  await server.register(helmet, {
    contentSecurityPolicy: {
      directives: {
        defaultSrc: ["'self'"],
        scriptSrc: ["'self'"],
        objectSrc: ["'none'"],
        baseUri: ["'none'"],
        frameAncestors: ["'none'"],
        formAction: ["'self'"],
        upgradeInsecureRequests: null,
      },
    },
  });
  await registerDocs(server, deps);
  registerOperations(server, deps, auth);
  registerPages(server, deps);
  await server.register(async (scope) => deps.registerReceive(scope));
  await server.register(async (scope) => registerApi(scope, deps, auth, streams, true), { prefix: '/api/extras' });
  await server.register(async (scope) => registerApi(scope, deps, auth, streams, false), { prefix: '/api' });
  await server.register(async (scope) => registerOrganizations(scope, deps, auth), { prefix: '/api' });
  return server;
}

/** Nautobot's clients ask below /api/extras, everybody else may leave it out; only the former is in the description. */
async function registerApi(scope: FastifyInstance, deps: HttpDeps, auth: Auth, streams: EventStreams, described: boolean): Promise<void> {
  if (!described) {
    scope.addHook('onRoute', (route) => {
      Object.assign(route, { schema: { ...route.schema, hide: true } });
    });
  }
  const api = guarded(scope, auth);
  registerRepositories(api, deps, auth);
  registerWebhook(api, deps, auth);
  registerJobResults(api, deps, auth, streams);
  registerContent(api, deps, auth);
}

async function registerOrganizations(scope: FastifyInstance, deps: HttpDeps, auth: Auth): Promise<void> {
  const api = guarded(scope, auth);
  registerGitTokens(api, deps, auth);
  registerDeliveries(api, deps, auth);
  registerPeople(api, deps, auth);
  await scope.register(async (inner) => registerImports(inner, deps, auth));
}

function guarded(scope: FastifyInstance, auth: Auth): Api {
  scope.addHook('onRequest', auth.require);
  return scope.withTypeProvider<ZodTypeProvider>();
}

async function registerDocs(server: FastifyInstance, deps: HttpDeps): Promise<void> {
  await server.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'Tributary', version: deps.version, description: 'Git repositories as content in PostgreSQL.' },
      servers: [{ url: deps.links.root }],
      components: { securitySchemes: { token: { type: 'apiKey', in: 'header', name: 'Authorization', description: 'Token <token>' } } },
      security: [{ token: [] }],
    },
    transform: jsonSchemaTransform,
    transformObject: jsonSchemaTransformObject,
  });
  await server.register(swaggerUi, { routePrefix: '/api/docs', staticCSP: true });
  server.get('/api/openapi.json', { schema: { hide: true } }, async () => server.swagger());
}
