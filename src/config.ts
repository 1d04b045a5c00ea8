import { hostname } from 'node:os';
import { resolve } from 'node:path';
import { closest, distance } from 'fastest-levenshtein';
import { z } from 'zod';
import { headerList, publicUrl, retention, tokenFiles, wholeNumber } from './config-values.ts';
import { GITHUB_APP, toGithubApp } from './github-app-config.ts';
import type { GithubAppConfig } from './github-app-config.ts';
import { err, ok } from '#domain/result.ts';
import type { Result } from '#domain/result.ts';

/** The whole configuration of a process, read once. The only reader of the environment. */
export interface Config {
  readonly host: string;
  readonly port: number;
  /** Without a trailing slash. Follows HOST and PORT unless given. */
  readonly publicUrl: string;
  /** undefined: the embedded database below `dataDir`. */
  readonly databaseUrl: string | undefined;
  readonly dataDir: string;
  /** 32 bytes each; the first encrypts, all decrypt. undefined: a generated file, embedded only. */
  readonly secretKeys: readonly Uint8Array[] | undefined;
  readonly adminToken: string | undefined;
  /** As written; net/egress-policy.ts gives it its meaning. */
  readonly allowedHosts: string;
  /** As written; net/resolve.ts reads it. Empty: the system's resolver. */
  readonly dnsServers: string;
  /** Variables that organizations may name as the place of a token; their values as they were at start. */
  readonly tokenVariables: readonly TokenVariable[];
  /** Holds a folder of token files for each organization, by its slug; undefined: none. */
  readonly tokenFiles: string | undefined;
  /** The mail server that notifications go by, with its sender; undefined: none. */
  readonly smtp: { readonly url: string; readonly from: string } | undefined;
  readonly instance: string | undefined;
  readonly workerConcurrency: number;
  readonly providerWritesPerMinute: number;
  readonly syncTimeoutMs: number;
  readonly pollIntervalMs: number;
  readonly logLevel: string;
  readonly limits: Limits;
  readonly retention: Retention;
  /** Where a process answers /healthz, /readyz and /metrics beside its API, or without one; undefined: nowhere. */
  readonly metricsPort: number | undefined;
  /** One GitHub App, by Probot's names; undefined: none. */
  readonly githubApp: GithubAppConfig | undefined;
  readonly tracing: TracingConfig;
  /** Name of this process in logs, leases and job results. */
  readonly processName: string;
}

export interface TokenVariable {
  /** Slug of the organization. */
  readonly organization: string;
  readonly name: string;
  readonly value: string | undefined;
}

export interface Limits {
  readonly maxEntries: number;
  readonly maxBlobBytes: number;
  readonly maxImportBytes: number;
  readonly maxPackBytes: number;
}

/** How many days what is over is kept; what is current is kept whatever its age. */
export interface Retention {
  readonly deliveriesDays: number;
  readonly logsDays: number;
  readonly versionsDays: number;
}

export interface TracingConfig {
  /** Where an OTLP collector takes traces over HTTP; undefined: none are made. */
  readonly endpoint: string | undefined;
  /** Sent with every export; may hold a secret. */
  readonly headers: Readonly<Record<string, string>>;
  readonly serviceName: string;
  /** Share of traces that is recorded, from 0 to 1. */
  readonly ratio: number;
}

const MIB = 1024 * 1024;
/** `NAME` or `organization:NAME`, separated by commas. */
const tokenVariables = z
  .string()
  .regex(
    /^(?:[a-z0-9][a-z0-9_-]*:)?[A-Za-z_]\w*(?:\s*,\s*(?:[a-z0-9][a-z0-9_-]*:)?[A-Za-z_]\w*)*$/,
    'must be names of variables, or organization:NAME, separated by commas',
  )
  .transform((text) => text.split(',').map((entry) => entry.trim().split(':')))
  .transform((entries) =>
    entries.map(([first = '', name]) => (name === undefined ? { organization: 'default', name: first } : { organization: first, name })),
  )
  .refine((entries) => entries.every(({ name }) => !isOwn(name)), {
    error: 'must not name variables of Tributary itself: whoever manages tokens could send them anywhere',
  })
  .default([]);

const ENVIRONMENT = z.object({
  HOST: z.string().min(1).default('127.0.0.1'),
  PORT: wholeNumber(0, 65_535, 3000),
  PUBLIC_URL: publicUrl.optional(),
  DATABASE_URL: z
    .string()
    .regex(/^postgres(ql)?:\/\//, 'must start with postgres:// or postgresql://')
    .optional(),
  TRIBUTARY_DATA_DIR: z.string().min(1).default('.tributary'),
  TRIBUTARY_SECRET_KEYS: z.string().optional(),
  TRIBUTARY_ADMIN_TOKEN: z.string().min(32, 'must have 32 characters or more').optional(),
  TRIBUTARY_ALLOWED_HOSTS: z.string().default(''),
  TRIBUTARY_DNS_SERVERS: z.string().default(''),
  TRIBUTARY_TOKEN_VARIABLES: tokenVariables,
  TRIBUTARY_TOKEN_FILES: tokenFiles,
  TRIBUTARY_INSTANCE: z
    .string()
    .regex(/^[\w.-]{1,40}$/, 'may hold letters, digits, dot, dash and underscore, at most 40')
    .optional(),
  SMTP_URL: z
    .string()
    .regex(/^smtps?:\/\/[^\s/]+\/?$/, 'must be smtps://user:password@host:port, or smtp:// for STARTTLS')
    .optional(),
  SMTP_FROM: z
    .string()
    .regex(/^[^\s@<>,;:"]+@[\w.-]+$/, 'must be one address, such as tributary@example.com')
    .optional(),
  WORKER_CONCURRENCY: wholeNumber(1, 64, 8),
  PROVIDER_WRITES_PER_MINUTE: wholeNumber(0, 6_000, 60),
  SYNC_TIMEOUT_S: wholeNumber(1, 14_400, 600),
  POLL_INTERVAL_S: wholeNumber(1, 86_400, 20),
  LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info'),
  RETENTION_DAYS: retention,
  ...GITHUB_APP,
  TRIBUTARY_METRICS_PORT: z.coerce.number().pipe(z.int().min(1).max(65_535)).optional(),
  OTEL_EXPORTER_OTLP_ENDPOINT: z.url({ protocol: /^https?$/, error: 'is not an http or https URL' }).optional(),
  OTEL_EXPORTER_OTLP_HEADERS: headerList,
  OTEL_SERVICE_NAME: z.string().min(1).max(255).default('tributary'),
  OTEL_TRACES_SAMPLER_ARG: z.preprocess((value) => (value === undefined ? 1 : Number(value)), z.number().min(0).max(1)),
  TRIBUTARY_MAX_ENTRIES: wholeNumber(1, 10_000_000, 500_000),
  TRIBUTARY_MAX_BLOB_BYTES: wholeNumber(1, 64 * MIB, 2 * MIB),
  TRIBUTARY_MAX_IMPORT_BYTES: wholeNumber(1, 64 * 1024 * MIB, 2 * 1024 * MIB),
  TRIBUTARY_MAX_PACK_BYTES: wholeNumber(1, 1024 * 1024 * MIB, 2 * 1024 * MIB),
});

/**
 * Reads the environment; an error lists every problem at once, each naming its variable and never its value.
 * `overrides` wins over the environment (options of a command); an empty text unsets.
 */
export function readConfig(
  environment: NodeJS.ProcessEnv = process.env,
  overrides: Readonly<Record<string, string>> = {},
): Result<Config, readonly string[]> {
  const set = Object.fromEntries(Object.entries({ ...environment, ...overrides }).filter(([, value]) => value !== ''));
  const parsed = ENVIRONMENT.safeParse(set);
  const keys = secretKeys(set['TRIBUTARY_SECRET_KEYS']);
  const app = parsed.success ? toGithubApp(parsed.data) : ok(undefined);
  const problems = [
    ...(app.ok ? [] : app.error),
    ...(parsed.error?.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`) ?? []),
    ...(keys.ok ? [] : [keys.error]),
    ...(set['DATABASE_URL'] !== undefined && set['TRIBUTARY_SECRET_KEYS'] === undefined
      ? [
          'TRIBUTARY_SECRET_KEYS: must be set together with DATABASE_URL, since every process needs the same keys (make one with: openssl rand -base64 32)',
        ]
      : []),
    ...(parsed.data !== undefined && (parsed.data.SMTP_URL === undefined) !== (parsed.data.SMTP_FROM === undefined)
      ? ['SMTP_URL: goes with SMTP_FROM, and SMTP_FROM with it']
      : []),
    ...(parsed.data !== undefined && parsed.data.TRIBUTARY_METRICS_PORT === parsed.data.PORT
      ? ['TRIBUTARY_METRICS_PORT: must be another port than PORT']
      : []),
  ];
  if (!parsed.success || !keys.ok || !app.ok || problems.length > 0) return err(problems);
  return ok({ ...toConfig(parsed.data, keys.value, set), githubApp: app.value });
}

/** Which service a command talks to, where the environment says so: kept apart from `Config`, since a client needs no more than this. */
export interface ClientConfig {
  readonly url: string | undefined;
  readonly token: string | undefined;
}

export function readClientConfig(environment: NodeJS.ProcessEnv = process.env): ClientConfig {
  return { url: environment['TRIBUTARY_URL'] || undefined, token: environment['TRIBUTARY_TOKEN'] || undefined };
}

function toConfig(
  env: z.infer<typeof ENVIRONMENT>,
  keys: readonly Uint8Array[] | undefined,
  set: NodeJS.ProcessEnv,
): Omit<Config, 'githubApp'> {
  return Object.freeze({
    host: env.HOST,
    port: env.PORT,
    publicUrl: (env.PUBLIC_URL ?? `http://${env.HOST.includes(':') ? `[${env.HOST}]` : env.HOST}:${env.PORT}`).replace(/\/+$/, ''),
    databaseUrl: env.DATABASE_URL,
    dataDir: resolve(env.TRIBUTARY_DATA_DIR),
    secretKeys: keys,
    adminToken: env.TRIBUTARY_ADMIN_TOKEN,
    allowedHosts: env.TRIBUTARY_ALLOWED_HOSTS,
    dnsServers: env.TRIBUTARY_DNS_SERVERS,
    tokenVariables: env.TRIBUTARY_TOKEN_VARIABLES.map((variable) => ({ ...variable, value: set[variable.name] })),
    tokenFiles: env.TRIBUTARY_TOKEN_FILES,
    smtp: env.SMTP_URL === undefined || env.SMTP_FROM === undefined ? undefined : { url: env.SMTP_URL, from: env.SMTP_FROM },
    instance: env.TRIBUTARY_INSTANCE,
    workerConcurrency: env.WORKER_CONCURRENCY,
    providerWritesPerMinute: env.PROVIDER_WRITES_PER_MINUTE,
    syncTimeoutMs: env.SYNC_TIMEOUT_S * 1_000,
    pollIntervalMs: env.POLL_INTERVAL_S * 1_000,
    logLevel: env.LOG_LEVEL,
    limits: {
      maxEntries: env.TRIBUTARY_MAX_ENTRIES,
      maxBlobBytes: env.TRIBUTARY_MAX_BLOB_BYTES,
      maxImportBytes: env.TRIBUTARY_MAX_IMPORT_BYTES,
      maxPackBytes: env.TRIBUTARY_MAX_PACK_BYTES,
    },
    retention: env.RETENTION_DAYS,
    metricsPort: env.TRIBUTARY_METRICS_PORT,
    tracing: {
      endpoint: env.OTEL_EXPORTER_OTLP_ENDPOINT,
      headers: env.OTEL_EXPORTER_OTLP_HEADERS,
      serviceName: env.OTEL_SERVICE_NAME,
      ratio: env.OTEL_TRACES_SAMPLER_ARG,
    },
    processName: `${hostname()}:${process.pid}`,
  });
}

/** Ours, or read by what we are made of. */
function isOwn(name: string): boolean {
  return name in ENVIRONMENT.shape || OTHER_NAMES.includes(name) || /^(?:TRIBUTARY_|OTEL_|PG)/.test(name);
}

const KEY_BYTES = 32;

function secretKeys(text: string | undefined): Result<readonly Uint8Array[] | undefined, string> {
  if (text === undefined) return ok(undefined);
  const keys = text.split(',').map((part) => Buffer.from(part.trim(), 'base64'));
  const bad = keys.findIndex((key) => key.length !== KEY_BYTES);
  if (bad >= 0) return err(`TRIBUTARY_SECRET_KEYS: key ${bad + 1} is not base64 of ${KEY_BYTES} bytes`);
  return ok(keys);
}

/** Read by a client of the service, and by the test suite. */
const OTHER_NAMES = ['TRIBUTARY_URL', 'TRIBUTARY_TOKEN', 'TEST_DATABASE_URL'];
/** Names that are ours by their beginning, whatever follows. */
const OWN_PREFIXES = ['TRIBUTARY_'];
/** So short a name is near too many others. */
const LEAST_NAME_CHARS = 7;
const MOST_TYPOS = 2;

export interface UnknownVariable {
  readonly name: string;
  /** The variable that was probably meant. */
  readonly meant: string | undefined;
}

/** Variables that look like ours and are none, so that nobody believes to have set what is not: `TRIBUTARY_ALLOWED_HOST`, `PUBLICURL`. */
export function unknownVariables(environment: NodeJS.ProcessEnv = process.env): readonly UnknownVariable[] {
  const known = [...Object.keys(ENVIRONMENT.shape), ...OTHER_NAMES];
  return Object.keys(environment).flatMap((name) => {
    if (known.includes(name)) return [];
    const near = closest(name, known);
    const isNear = name.length >= LEAST_NAME_CHARS && distance(name, near) <= MOST_TYPOS;
    if (!isNear && !OWN_PREFIXES.some((prefix) => name.startsWith(prefix))) return [];
    return [{ name, meant: isNear || name.startsWith(near.slice(0, name.length)) ? near : undefined }];
  });
}

/** Proxies that programs usually obey; this one goes out by its own policy only. */
export function ignoredProxies(environment: NodeJS.ProcessEnv = process.env): readonly string[] {
  return Object.keys(environment).filter((name) => /^(?:https?|all)_proxy$/i.test(name) && environment[name] !== '');
}
