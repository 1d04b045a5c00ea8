import { execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { freePort } from '#test/support/free-port.ts';
import type { Scope } from './scope.ts';

/** A PostgreSQL server on which databases may be made. */
export interface Server {
  readonly version: string;
  /** The client program: Debian's wrapper on the PATH would cost its own start. */
  readonly psql: string;
  /** Makes an empty database and gives its address; it goes with the scope. */
  readonly createDatabase: (scope: Scope, purpose: string) => Promise<string>;
}

const INSTALLED = '/usr/lib/postgresql';
const READY_WITHIN_MS = 20_000;

/** The server of BENCH_DATABASE_URL, else a cluster of our own, else undefined where PostgreSQL is not installed. */
export async function openServer(scope: Scope, url: string | undefined): Promise<Server | undefined> {
  if (url !== undefined && url !== '') return describe(url);
  const programs = findPrograms();
  return programs === undefined ? undefined : describe(await startCluster(scope, programs));
}

/** Runs statements on a connection of its own. */
export async function query<R extends pg.QueryResultRow>(url: string, text: string, values: unknown[] = []): Promise<readonly R[]> {
  const client = new pg.Client({ connectionString: url });
  // A server that goes fails the query; it also says so as an event, which nobody else hears.
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query<R>(text, values)).rows;
  } finally {
    await client.end();
  }
}

async function describe(url: string): Promise<Server> {
  const [row] = await query<{ server_version: string; fsync: string }>(
    url,
    `select current_setting('server_version') as server_version, current_setting('fsync') as fsync`,
  );
  const programs = findPrograms();
  return {
    psql: programs === undefined ? 'psql' : join(programs, 'psql'),
    version: `PostgreSQL ${row?.server_version.split(' ')[0] ?? '?'} (fsync ${row?.fsync ?? '?'})`,
    createDatabase: async (databaseScope, purpose) => {
      const name = `tributary_bench_${purpose}_${randomBytes(4).toString('hex')}`;
      await query(url, `create database ${name}`);
      databaseScope.defer(async () => void (await query(url, `drop database if exists ${name} with (force)`)));
      const own = new URL(url);
      own.pathname = `/${name}`;
      return own.href;
    },
  };
}

/** Debian keeps the server's programs off the PATH, a folder for each major version; the newest is taken. */
function findPrograms(): string | undefined {
  if (!existsSync(INSTALLED)) return undefined;
  const versions = readdirSync(INSTALLED).toSorted((a, b) => Number(b) - Number(a));
  return versions.map((version) => join(INSTALLED, version, 'bin')).find((bin) => existsSync(join(bin, 'initdb')));
}

/**
 * A cluster with the settings that PostgreSQL comes with, durable, reachable over loopback with a password only. The server
 * refuses to run as root; then it belongs to the user that the packages made for it.
 */
async function startCluster(scope: Scope, programs: string): Promise<string> {
  const asServer = process.getuid?.() === 0 ? ['runuser', '-u', 'postgres', '--'] : [];
  const run = (args: readonly [string, ...string[]], input = ''): string => {
    const [program = '', ...rest] = [...asServer, ...args];
    return execFileSync(program, rest, { encoding: 'utf8', input, cwd: '/', stdio: ['pipe', 'pipe', 'pipe'] });
  };
  const folder = run(['mktemp', '-d', join(tmpdir(), 'tributary-bench-postgres-XXXXXX')]).trim();
  scope.defer(() => rmSync(folder, { recursive: true, force: true }));
  const password = randomBytes(18).toString('base64url');
  const data = join(folder, 'data');
  const passwordFile = join(folder, 'password');
  run(['sh', '-c', 'umask 077; cat >"$1"', 'sh', passwordFile], `${password}\n`);
  const initdb = [join(programs, 'initdb'), '-D', data, '-U', 'postgres', '-A', 'scram-sha-256', `--pwfile=${passwordFile}`] as const;
  run([...initdb, '-E', 'UTF8', '--locale=C', '--no-sync']);
  const port = await freePort();
  serve(scope, [...asServer, 'sh', '-c', UNTIL_WE_ARE_GONE, 'sh', join(programs, 'postgres'), '-D', data], folder, [
    'listen_addresses=127.0.0.1',
    `port=${port}`,
    `unix_socket_directories=${folder}`,
    'logging_collector=off',
  ]);
  const url = `postgres://postgres:${password}@127.0.0.1:${port}/postgres`;
  await untilReady(url);
  return url;
}

/** Standard input is a pipe from us: when it ends, for whatever reason, so does the server, at once and without a trace. */
const UNTIL_WE_ARE_GONE = '"$@" 2>"$LOG" </dev/null & server=$!; cat >/dev/null; kill -QUIT $server; wait $server; rm -rf "$FOLDER"';

function serve(scope: Scope, command: readonly string[], folder: string, settings: readonly string[]): void {
  const [program = '', ...args] = [...command, ...settings.flatMap((setting) => ['-c', setting])];
  const server = spawn(program, args, {
    cwd: '/',
    env: { PATH: process.env['PATH'], LOG: join(folder, 'server.log'), FOLDER: folder },
    stdio: ['pipe', 'ignore', 'inherit'],
    detached: true,
  });
  const ended = once(server, 'exit');
  scope.defer(async () => {
    server.stdin?.end();
    await ended;
  });
}

async function untilReady(url: string): Promise<void> {
  const deadline = performance.now() + READY_WITHIN_MS;
  for (;;) {
    try {
      await query(url, 'select 1');
      return;
    } catch (error) {
      if (performance.now() > deadline) throw error;
      await sleep(50);
    }
  }
}
