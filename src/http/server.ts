import { randomUUID } from 'node:crypto';
import helmet from '@fastify/helmet';
import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyBaseLogger, FastifyInstance } from 'fastify';
import Fastify, { LogController } from 'fastify';
import { jsonSchemaTransform, jsonSchemaTransformObject, serializerCompiler, validatorCompiler } from 'fastify-type-provider-zod';
import { HEADERS_WITHIN_MS, LONGEST_ARRIVAL_MS, LOOK_EVERY_MS, limitArrival } from './arrival.ts';
import type { Auth } from './auth.ts';
import { createAuth } from './auth.ts';
import type { HttpDeps } from './deps.ts';
import { createErrorHandler } from './errors.ts';
import { guard } from './guard.ts';
import { registerContent } from './routes/content.ts';
import { registerCredentialMoves } from './routes/credential-moves.ts';
import { registerDeliveries } from './routes/deliveries.ts';
import type { EventStreams } from './routes/events.ts';
import { openEventStreams } from './routes/events.ts';
import { registerGithubAppPages } from './routes/github-app-pages.ts';
import { registerGithubApps } from './routes/github-apps.ts';
import { registerCredentials } from './routes/credentials.ts';
import { registerGitTokens } from './routes/git-tokens.ts';
import { registerRemoteRepositories } from './routes/remote-repositories.ts';
import { registerImports } from './routes/imports.ts';
import { registerInstallation } from './routes/installation.ts';
import { registerSecrets } from './routes/secrets.ts';
import { registerJobResults } from './routes/job-results.ts';
import { registerJobs } from './routes/jobs.ts';
import { registerNotifications } from './routes/notifications.ts';
import { registerOperations } from './routes/operations.ts';
import { registerPages } from './routes/pages.ts';
import { registerPeople } from './routes/people.ts';
import { registerRepositories } from './routes/repositories.ts';
import { registerSync } from './routes/sync.ts';
import { registerWebhookRepairs } from './routes/webhook-repairs.ts';
import { registerTokenRotation } from './routes/token-rotation.ts';
import { registerWebhook } from './routes/webhook.ts';

const API_BODY_BYTES = 1024 * 1024;

/** The whole HTTP surface, not listening yet. Closing it ends the event streams first. */
export async function createHttpServer(deps: HttpDeps): Promise<FastifyInstance> {
  const handleError = createErrorHandler(deps.links, deps.redact);
  const logger: FastifyBaseLogger = deps.log;
  const server = Fastify({
    loggerInstance: logger,
    logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: 'requestId' }),
    bodyLimit: API_BODY_BYTES,
    requestTimeout: LONGEST_ARRIVAL_MS,
    http: { headersTimeout: HEADERS_WITHIN_MS, connectionsCheckingInterval: LOOK_EVERY_MS },
    genReqId: () => randomUUID(),
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: 300 },
    forceCloseConnections: 'idle',
    // For what never comes to a route, such as an address that cannot be decoded.
    frameworkErrors: (error, request, reply) => void handleError(error, request, reply),
  });
  server.setValidatorCompiler(validatorCompiler);
  server.setSerializerCompiler(serializerCompiler);
  server.setErrorHandler(handleError);
  acceptEmptyJson(server);
  limitArrival(server);
  const auth = createAuth(deps.authenticate);
  const streams = await openEventStreams(deps);
  let stopping = false;
  server.addHook('preClose', async () => {
    stopping = true;
    await streams.close();
  });
  // A connection that is kept after its last answer would keep the process from stopping.
  server.addHook('onSend', (_request, reply, payload, done) => {
    if (stopping) reply.header('connection', 'close');
    done(null, payload);
  });
  server.addHook('onRequest', (request, reply, done) => {
    reply.header('x-request-id', request.id);
    done();
  });
  server.addHook('onResponse', (request, reply, done) => {
    const { method, routeOptions } = request;
    request.log.debug({ method, route: routeOptions.url, status: reply.statusCode, ms: Math.round(reply.elapsedTime) }, 'answered');
    done();
  });

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
  registerGithubAppPages(server, deps);
  await server.register(async (scope) => deps.registerReceive(scope));
  await server.register(async (scope) => registerApi(scope, deps, auth, streams), { prefix: '/api/extras' });
  await server.register(async (scope) => registerAlias(scope, deps, auth, streams), { prefix: '/api' });
  await server.register(async (scope) => registerOrganizations(scope, deps, auth), { prefix: '/api' });
  return server;
}

/** Nautobot's clients ask below /api/extras, everybody else may leave it out; only the former is in the description. */
/** The same routes under a second prefix: answered, described once, and naming the first in what they answer. */
async function registerAlias(scope: FastifyInstance, deps: HttpDeps, auth: Auth, streams: EventStreams): Promise<void> {
  scope.addHook('onRoute', (route) => {
    Object.assign(route, { schema: { ...route.schema, hide: true }, config: { ...route.config, isAlias: true } });
  });
  await registerApi(scope, deps, auth, streams);
}

async function registerApi(scope: FastifyInstance, deps: HttpDeps, auth: Auth, streams: EventStreams): Promise<void> {
  const { api, refuseOtherMethods } = guard(scope, auth);
  registerRepositories(api, deps, auth);
  registerSync(api, deps, auth);
  registerWebhook(api, deps, auth);
  registerWebhookRepairs(api, deps, auth);
  registerJobResults(api, deps, auth, streams);
  registerJobs(api, deps);
  registerContent(api, deps, auth);
  refuseOtherMethods();
}

async function registerOrganizations(scope: FastifyInstance, deps: HttpDeps, auth: Auth): Promise<void> {
  const { api, refuseOtherMethods } = guard(scope, auth);
  registerGitTokens(api, deps, auth);
  registerRemoteRepositories(api, deps, auth);
  registerCredentials(api, deps, auth);
  registerGithubApps(api, deps, auth);
  registerCredentialMoves(api, deps, auth);
  registerTokenRotation(api, deps, auth);
  registerDeliveries(api, deps, auth);
  registerNotifications(api, deps, auth);
  registerPeople(api, deps, auth);
  registerInstallation(api, deps, auth);
  registerSecrets(api, deps, auth);
  await scope.register(async (inner) => registerImports(inner, deps, auth));
  refuseOtherMethods();
}

/** As Fastify's own, but a body that is not there is no body, whatever Content-Type says of it: document 002's calls are such. */
function acceptEmptyJson(server: FastifyInstance): void {
  const parse = server.getDefaultJsonParser('error', 'error');
  // Text is no JSON here: a form on another site can send it without asking.
  server.removeContentTypeParser(['application/json', 'text/plain']);
  server.addContentTypeParser<string>('application/json', { parseAs: 'string' }, (request, body, done) => {
    if (body === '') done(null, undefined);
    else void parse(request, body, done);
  });
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
