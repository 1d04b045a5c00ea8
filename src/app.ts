import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createTokenReader } from '#app/installation-tokens.ts';
import { keepEnvironmentApp } from '#apps/environment.ts';
import { findFreePort } from '#app/free-port.ts';
import { createLogger } from '#app/logger.ts';
import { sayStarted } from '#app/announce.ts';
import { createOperations } from '#app/operations.ts';
import { requireSafeGit } from '#app/safe-git.ts';
import { createReach } from '#app/reach.ts';
import { openObservation } from '#app/observation.ts';
import { loadSecretKeys } from '#app/secret-keys.ts';
import { watchConfig, watchKeys, watchVault } from '#app/secrets.ts';
import { startWorkers } from '#app/workers.ts';
import type { Config } from '#config.ts';
import { createVault } from '#credentials/vault.ts';
import { makeDataFolder } from '#db/data-folder.ts';
import { migrate, requireCurrentSchema } from '#db/migrate.ts';
import { openDatabase } from '#db/open.ts';
import type { Failure } from '#domain/failure.ts';
import { createLinks } from '#domain/links.ts';
import { watchSecrets } from '#domain/redact.ts';
import { createGit } from '#git/git.ts';
import type { HookDeps } from '#hooks/hook.ts';
import { createParsePool } from '#import/parse-pool.ts';
import { createEgressFetch } from '#net/egress-fetch.ts';
import { createOpenSocket } from '#net/open-socket.ts';
import { createEgressPolicy } from '#net/egress-policy.ts';
import type { AllowedHost } from '#net/allowed-hosts.ts';
import { parseAllowedHosts } from '#net/allowed-hosts.ts';
import { createResolver, parseDnsServers } from '#net/resolve.ts';
import { parseRemoteUrl } from '#net/remote-url.ts';
import type { StaticToken } from '#people/authenticate.ts';
import { bootstrap } from '#people/bootstrap.ts';
import { findProvider as findKnownProvider } from '#providers/registry.ts';
import { openQueue } from '#queue/boss.ts';
import { countByKey } from '#rekey/keys.ts';
import { ensureLocalToken, removeServiceFile, writeServiceFile } from '#service-file.ts';
import type { UploadDeps } from '#sync/upload.ts';

/** Which halves of the application a process runs. */
export interface Roles {
  readonly web: boolean;
  readonly worker: boolean;
  /** Brings the schema up to date first; otherwise a stale one is refused. */
  readonly migrate: boolean;
  /** Says in the data folder where it listens, so that commands find it. Off for an application that ends with its command. */
  readonly announce?: boolean;
}

export interface App {
  /** Where HTTP listens; undefined without the web role. */
  readonly url: string | undefined;
  readonly localToken: string;
  /** What is off and why, for whoever started it. */
  readonly notes: readonly string[];
  /** Resolves when the application cannot go on and its process has to end. Usually never. */
  readonly failed: Promise<Failure>;
  /** Stops taking work, finishes what runs, hands on what does not end in time. Safe to call twice. */
  close(): Promise<void>;
}

/** Requests, jobs and routing of one process share these. */
const MOST_CONNECTIONS = 20;
/** Runs get this long to end when the process is stopped, then they are handed on; the whole stop takes less than 35 s (SECURITY.md REL-19). */
const FINISH_WITHIN_MS = 20_000;
const STOP_WITHIN_MS = 28_000;
/** Parsing is the only work that fills a core; the machine this is measured on has two. */
const PARSE_THREADS = 2;
const PARSE_MS = 2_000;
const PARSE_MEMORY_MB = 512;

type OnClose = (closer: () => Promise<unknown>) => void;

/** Puts the application together and starts it. What was opened is closed again, in reverse, when a later part cannot be. */
export async function openApp(config: Config, roles: Roles): Promise<App> {
  makeDataFolder(config.dataDir);
  const closers: (() => Promise<unknown>)[] = [];
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => {
    closing ??= closeAll(closers);
    return closing;
  };
  try {
    const opened = await open(config, roles, (closer) => closers.push(closer));
    return { ...opened, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function closeAll(closers: readonly (() => Promise<unknown>)[]): Promise<void> {
  for (const closer of closers.toReversed()) await closer();
}

async function open(config: Config, roles: Roles, onClose: OnClose): Promise<Omit<App, 'close'>> {
  // A worker serves no HTTP: without it a process is 20 MB smaller, and each Git that it starts costs less (docs/performance.md). Loaded beside the
  // database, which is opened by other threads.
  const loading = roles.web ? import('#app/web.ts') : undefined;
  loading?.catch(() => undefined);
  const { watch, log, policy, resolve, database, egress, openSocket, version, observation } = await openOutside(config, roles, onClose);
  const { redact } = watch;
  const { tracing, meters } = observation;
  const start = await bootstrap(database);
  const port = config.port === 0 ? await findFreePort(config.host) : config.port;
  // Without a configured address the one that is listened on is named, whichever port that came to be.
  const publicUrl = config.publicUrl.replace(/:0$/, `:${port}`);
  const links = createLinks(publicUrl);
  const secretKeys = loadSecretKeys(config.secretKeys, config.dataDir);
  watchKeys(watch, secretKeys);
  const vault = watchVault(createVault(secretKeys), watch);
  const findProvider: HookDeps['findProvider'] = (id) => {
    const provider = findKnownProvider(id);
    return provider === undefined ? undefined : observation.observeProvider(provider);
  };
  const hooks: HookDeps = {
    database,
    vault,
    links,
    findProvider,
    ...createReach({ database, vault, policy, resolve, egress, writesPerMinute: config.providerWritesPerMinute, waited: meters.waited }),
    readTokenSource: createTokenReader({ config, database, vault, findProvider, fetch: egress.through(undefined), watch }),
  };
  await keepEnvironmentApp({ database, vault }, start.organizationId, config.githubApp);
  const { dataDir, limits, syncTimeoutMs, instance, processName } = config;
  const git = await createGit({ dataDir, limits, timeoutMs: syncTimeoutMs, log, onProcess: observation.onProcess });
  // Tried beside the rest of the start, and awaited before anything may use it.
  const safeGit = roles.worker ? requireSafeGit(git) : Promise.resolve('');
  safeGit.catch(() => undefined);
  const pool = createParsePool({ threads: PARSE_THREADS, timeoutMs: PARSE_MS, memoryMb: PARSE_MEMORY_MB });
  onClose(() => pool.close());
  // Closed before what its jobs use.
  const { promise: failed, resolve: giveUp } = Promise.withResolvers<Failure>();
  const queue = await openQueue({ database, log, redact, migrate: roles.migrate, supervise: roles.worker, giveUp });
  const stop = createStop();
  onClose(() => queue.stop(stop.leftMs()));
  const run: UploadDeps = { database, queue, log, redact, tracing, meters, pool, git, publicUrl, instance, syncTimeoutMs, processName };
  const localToken = await ensureLocalToken(config.dataDir);
  watch.add(localToken);

  const gitVersion = await safeGit;
  if (roles.worker) {
    const { workerConcurrency: concurrency, pollIntervalMs, retention } = config;
    const checkUrl = (text: string) => parseRemoteUrl(text, policy);
    const deps = {
      run,
      hooks,
      deliver: { database, vault, log, fetch: egress.fetch, openSocket, policy, smtp: config.smtp, publicUrl },
      queue,
      version,
      checkUrl,
      stopping: stop.signal,
      concurrency,
      pollIntervalMs,
      retention,
      dataDir,
      meters,
    };
    const stopTaking = await startWorkers({ ...deps, findReader: (provider) => findProvider(provider)?.webhooks });
    onClose(stopTaking);
  }
  onClose(async () => stop.begin());
  const staticTokens = toStaticTokens(config, localToken);
  const operations = createOperations({ config, database, queue, links, run, start, staticTokens, version, observation, vault });
  if (config.metricsPort !== undefined) {
    const { createOperationsServer } = await import('#http/operations-server.ts');
    const monitored = createOperationsServer(operations);
    onClose(() => monitored.close());
    await monitored.listen({ host: config.host, port: config.metricsPort });
  }
  const keys = await countByKey({ database, vault });
  const started = (url: string | undefined): Omit<App, 'close'> => {
    const notes = sayStarted(log, config, { roles, version, git: gitVersion, url, publicUrl, keys });
    return { url, localToken, notes, failed };
  };
  if (loading === undefined) return started(undefined);

  const spoolDir = join(config.dataDir, 'uploads');
  const { createWeb } = await loading;
  const web = await createWeb({
    config,
    database,
    queue,
    links,
    policy,
    start,
    hooks,
    run,
    spoolDir,
    operations,
    observation,
    stopping: stop.signal,
  });
  onClose(() => web.close());
  const url = await web.listen({ host: config.host, port });
  if (roles.announce !== false) {
    await writeServiceFile(config.dataDir, { url });
    onClose(() => removeServiceFile(config.dataDir));
  }
  return started(url);
}

interface Stop {
  /** Aborts when runs have had their time to end. */
  readonly signal: AbortSignal;
  readonly begin: () => void;
  /** How long the rest of the stop may take. */
  readonly leftMs: () => number;
}

function createStop(): Stop {
  const ending = new AbortController();
  let until: number | undefined;
  return {
    signal: ending.signal,
    begin: () => {
      until = performance.now() + STOP_WITHIN_MS;
      setTimeout(() => ending.abort(), FINISH_WITHIN_MS).unref();
    },
    leftMs: () => (until === undefined ? STOP_WITHIN_MS : Math.max(0, until - performance.now())),
  };
}

/** What everything else stands on: the log that tells no secret, the database, the one way out, and what is told of the process. */
async function openOutside(config: Config, roles: Roles, onClose: OnClose) {
  const watch = watchSecrets();
  watchConfig(watch, config);
  const log = createLogger({ level: config.logLevel, redact: watch.redact, processName: config.processName });
  const policy = createEgressPolicy(readAllowedHosts(config.allowedHosts));
  const database = await openDatabase({ databaseUrl: config.databaseUrl, dataDir: config.dataDir, maxConnections: MOST_CONNECTIONS, log });
  onClose(() => database.close());
  if (roles.migrate) await migrate(database);
  else await requireCurrentSchema(database);
  const resolve = createResolver(readDnsServers(config.dnsServers));
  const egress = createEgressFetch(policy, resolve);
  const openSocket = createOpenSocket(policy, resolve);
  onClose(() => egress.close());
  const version = readVersion();
  const observation = await openObservation({ config, version, watch, fetch: egress.fetch, log });
  onClose(() => observation.tracing.close());
  return { watch, log, policy, resolve, database, egress, openSocket, version, observation };
}

/** A list that cannot be read stops the start: an operator who is misread would be less protected than they think. */
function readAllowedHosts(text: string): readonly AllowedHost[] {
  const allowed = parseAllowedHosts(text);
  if (!allowed.ok) throw new Error(`TRIBUTARY_ALLOWED_HOSTS: ${allowed.error.join('; ')}`);
  return allowed.value;
}

function readDnsServers(text: string): readonly string[] {
  const servers = parseDnsServers(text);
  if (!servers.ok) throw new Error(`TRIBUTARY_DNS_SERVERS: ${servers.error.join('; ')}`);
  return servers.value;
}

/** The configured token, and the local one where the data folder is its owner's alone. */
function toStaticTokens(config: Config, localToken: string): readonly StaticToken[] {
  const local: StaticToken = { secret: localToken, via: 'local-token' };
  return config.adminToken === undefined ? [local] : [{ secret: config.adminToken, via: 'admin-token' }, local];
}

function readVersion(): string {
  const file: unknown = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  return typeof file === 'object' && file !== null && 'version' in file ? String(file.version) : 'unknown';
}
