import { randomBytes } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import { pino } from 'pino';
import { v7 as newId } from 'uuid';
import { withInstallations } from '#app/installation-tokens.ts';
import { createReach } from '#app/reach.ts';
import { createTokenSources } from '#app/token-sources.ts';
import { createVault } from '#credentials/vault.ts';
import type { Database } from '#db/database.ts';
import { createLinks } from '#domain/links.ts';
import type { Role } from '#domain/words.ts';
import type { HookDeps } from '#hooks/hook.ts';
import { createHttpServer } from '#http/server.ts';
import { parseAllowedHosts } from '#net/allowed-hosts.ts';
import { createEgressFetch } from '#net/egress-fetch.ts';
import type { EgressPolicy } from '#net/egress-policy.ts';
import { createEgressPolicy } from '#net/egress-policy.ts';
import { parseRemoteUrl, sameRemoteKey } from '#net/remote-url.ts';
import type { ResolveHost } from '#net/resolve.ts';
import { createAuthenticate, hashToken } from '#people/authenticate.ts';
import type { Bootstrap } from '#people/bootstrap.ts';
import { bootstrap } from '#people/bootstrap.ts';
import { findProvider } from '#providers/registry.ts';
import { listWorkers } from '#queue/workers.ts';
import { createRekeyer } from '#rekey/rekey.ts';
import { openTestDatabase } from './database.ts';
import type { SentJob } from './recording-queue.ts';
import { createRecordingQueue } from './recording-queue.ts';

export const PUBLIC_URL = 'https://tributary.example.com';

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly text: string;
  // oxlint-disable-next-line typescript/no-explicit-any -- answers are looked at as their readers do: by key, whatever is there
  readonly body: any;
}

export interface CallOptions {
  readonly body?: unknown;
  /** null: none. The admin token unless said. */
  readonly token?: string | null;
  readonly headers?: Readonly<Record<string, string>>;
  readonly remoteAddress?: string;
}

/** The HTTP surface on a database of its own; no worker runs, what is sent to the queue is kept. */
export interface TestHttp {
  readonly server: FastifyInstance;
  readonly database: Database;
  readonly hooks: HookDeps;
  readonly policy: EgressPolicy;
  readonly checkUrl: (text: string) => ReturnType<typeof parseRemoteUrl>;
  readonly start: Bootstrap;
  readonly sent: SentJob[];
  readonly adminToken: string;
  call(method: string, url: string, options?: CallOptions): Promise<HttpAnswer>;
  /** An API token of a member with this role; of organization `default` unless said. */
  tokenOf(role: Role, organizationId?: string, expiresAt?: Date): Promise<string>;
  close(): Promise<void>;
}

const NO_SOURCES = { tokenVariables: [], tokenFiles: undefined };
const now = (): Date => new Date();

/** No name is known: tests reach loopback by its address and nothing else. */
const resolve: ResolveHost = (host) => Promise.reject(new Error(`no test knows ${host}`));

const mintNothing = (): Promise<string> => Promise.reject(new Error('no App is installed in these tests'));

export async function openTestHttp(sources: Parameters<typeof createTokenSources>[0] = NO_SOURCES): Promise<TestHttp> {
  const readTokenSource = withInstallations(createTokenSources(sources), mintNothing);
  const database = await openTestDatabase();
  const start = await bootstrap(database);
  const allowed = parseAllowedHosts('127.0.0.1');
  if (!allowed.ok) throw new Error(allowed.error.join());
  const policy = createEgressPolicy(allowed.value);
  const egress = createEgressFetch(policy, resolve);
  const vault = createVault([randomBytes(32)]);
  const checkUrl = (text: string) => parseRemoteUrl(text, policy);
  const links = createLinks(PUBLIC_URL);
  const queue = createRecordingQueue();
  const adminToken = `admin-${randomBytes(20).toString('hex')}`;
  const hooks: HookDeps = {
    database,
    vault,
    links,
    findProvider,
    ...createReach({ database, vault, policy, resolve, egress, writesPerMinute: 6_000, waited: () => undefined }),
    readTokenSource,
  };
  const server = await createHttpServer({
    database,
    queue,
    links,
    log: pino({ level: 'silent' }),
    redact: (text) => text,
    version: '0.0.0',
    authenticate: createAuthenticate({ database, bootstrap: start, staticTokens: [{ secret: adminToken, via: 'admin-token' }] }),
    repositories: { database, queue, links, vault, findProvider, checkUrl, sameRemoteKey, now },
    gitTokens: { ...hooks, queue, checkUrl, now },
    apps: { database, queue, links, vault, findProvider, fetch: egress.through(undefined), checkUrl },
    hooks,
    notifications: { database, queue, vault, policy },
    metrics: { contentType: 'text/plain', render: async () => '' },
    listWorkers: () => listWorkers(database),
    examine: async () => [],
    rekeyer: createRekeyer({ database, vault }),
    operators: 'default',
    now,
    checkReady: async () => ({ ready: true, problems: [] }),
    hasWorkers: async () => true,
    registerReceive: async () => undefined,
    spool: () => Promise.reject(new Error('nothing is uploaded in these tests')),
    startUpload: () => Promise.reject(new Error('nothing is uploaded in these tests')),
  });
  return {
    server,
    database,
    hooks,
    policy,
    checkUrl,
    start,
    sent: queue.sent,
    adminToken,
    async call(method, url, { body, token = adminToken, headers = {}, remoteAddress } = {}) {
      const answer = await server.inject({
        method: method as 'GET',
        url,
        headers: { ...(token === null ? {} : { authorization: `Token ${token}` }), ...headers },
        ...(body === undefined ? {} : { payload: body as object }),
        ...(remoteAddress === undefined ? {} : { remoteAddress }),
      });
      const isJson = String(answer.headers['content-type']).includes('json');
      return { status: answer.statusCode, headers: answer.headers, text: answer.body, body: isJson ? answer.json() : undefined };
    },
    tokenOf: (role, organizationId = start.organizationId, expiresAt) => addToken(database, role, organizationId, expiresAt),
    async close() {
      await server.close();
      await egress.close();
      await database.close();
    },
  };
}

async function addToken(database: Database, role: Role, organizationId: string, expiresAt?: Date): Promise<string> {
  const token = `token-${randomBytes(20).toString('hex')}`;
  const userId = newId();
  const { kysely } = database;
  await kysely
    .insertInto('users')
    .values({ id: userId, email: `${userId}@example.com`, display_name: role })
    .execute();
  await kysely.insertInto('members').values({ organization_id: organizationId, user_id: userId, role }).execute();
  await kysely
    .insertInto('api_tokens')
    .values({
      id: newId(),
      organization_id: organizationId,
      user_id: userId,
      name: token.slice(0, 20),
      token_hash: hashToken(token),
      role,
      ...(expiresAt === undefined ? {} : { expires_at: expiresAt }),
    })
    .execute();
  return token;
}
