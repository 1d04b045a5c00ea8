import { hostname } from 'node:os';
import { resolve } from 'node:path';
import { z } from 'zod';
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
  readonly instance: string | undefined;
  readonly workerConcurrency: number;
  readonly syncTimeoutMs: number;
  readonly logLevel: string;
  readonly limits: Limits;
  /** Name of this process in logs, leases and job results. */
  readonly processName: string;
}

export interface Limits {
  readonly maxEntries: number;
  readonly maxBlobBytes: number;
  readonly maxImportBytes: number;
  readonly maxPackBytes: number;
}

const MIB = 1024 * 1024;
const wholeNumber = (from: number, to: number, fallback: number) =>
  z.preprocess((value) => (value === undefined || value === '' ? fallback : Number(value)), z.int().min(from).max(to));

const ENVIRONMENT = z.object({
  HOST: z.string().min(1).default('127.0.0.1'),
  PORT: wholeNumber(0, 65_535, 3000),
  PUBLIC_URL: z.url({ protocol: /^https?$/, error: 'is not an http or https URL' }).optional(),
  DATABASE_URL: z
    .string()
    .regex(/^postgres(ql)?:\/\//, 'must start with postgres:// or postgresql://')
    .optional(),
  TRIBUTARY_DATA_DIR: z.string().min(1).default('.tributary'),
  TRIBUTARY_SECRET_KEYS: z.string().optional(),
  TRIBUTARY_ADMIN_TOKEN: z.string().min(32, 'must have 32 characters or more').optional(),
  TRIBUTARY_ALLOWED_HOSTS: z.string().default(''),
  TRIBUTARY_DNS_SERVERS: z.string().default(''),
  TRIBUTARY_INSTANCE: z
    .string()
    .regex(/^[\w.-]{1,40}$/, 'may hold letters, digits, dot, dash and underscore, at most 40')
    .optional(),
  WORKER_CONCURRENCY: wholeNumber(1, 64, 8),
  SYNC_TIMEOUT_S: wholeNumber(1, 14_400, 600),
  LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info'),
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
  const problems = [
    ...(parsed.error?.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`) ?? []),
    ...(keys.ok ? [] : [keys.error]),
    ...(set['DATABASE_URL'] !== undefined && set['TRIBUTARY_SECRET_KEYS'] === undefined
      ? [
          'TRIBUTARY_SECRET_KEYS: must be set together with DATABASE_URL, since every process needs the same keys (make one with: openssl rand -base64 32)',
        ]
      : []),
  ];
  if (!parsed.success || !keys.ok || problems.length > 0) return err(problems);
  return ok(toConfig(parsed.data, keys.value));
}

/** Which service a command talks to, where the environment says so: kept apart from `Config`, since a client needs no more than this. */
export interface ClientConfig {
  readonly url: string | undefined;
  readonly token: string | undefined;
}

export function readClientConfig(environment: NodeJS.ProcessEnv = process.env): ClientConfig {
  return { url: environment['TRIBUTARY_URL'] || undefined, token: environment['TRIBUTARY_TOKEN'] || undefined };
}

function toConfig(env: z.infer<typeof ENVIRONMENT>, keys: readonly Uint8Array[] | undefined): Config {
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
    instance: env.TRIBUTARY_INSTANCE,
    workerConcurrency: env.WORKER_CONCURRENCY,
    syncTimeoutMs: env.SYNC_TIMEOUT_S * 1_000,
    logLevel: env.LOG_LEVEL,
    limits: {
      maxEntries: env.TRIBUTARY_MAX_ENTRIES,
      maxBlobBytes: env.TRIBUTARY_MAX_BLOB_BYTES,
      maxImportBytes: env.TRIBUTARY_MAX_IMPORT_BYTES,
      maxPackBytes: env.TRIBUTARY_MAX_PACK_BYTES,
    },
    processName: `${hostname()}:${process.pid}`,
  });
}

const KEY_BYTES = 32;

function secretKeys(text: string | undefined): Result<readonly Uint8Array[] | undefined, string> {
  if (text === undefined) return ok(undefined);
  const keys = text.split(',').map((part) => Buffer.from(part.trim(), 'base64'));
  const bad = keys.findIndex((key) => key.length !== KEY_BYTES);
  if (bad >= 0) return err(`TRIBUTARY_SECRET_KEYS: key ${bad + 1} is not base64 of ${KEY_BYTES} bytes`);
  return ok(keys);
}
