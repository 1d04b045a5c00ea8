import { randomBytes } from 'node:crypto';
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Child } from './child.ts';
import { startChild } from './child.ts';
import { freePort } from '#test/support/free-port.ts';
import type { Scope } from './scope.ts';

const LAUNCHER = fileURLToPath(new URL('../../bin/tributary.js', import.meta.url));
const READY_WITHIN_MS = 30_000;
const LOOK_EVERY_MS = 5;

/** What the launcher begins a worker with; it cannot begin anew under our channel (bin/tributary.js, `becomeLean`). */
const LEAN = { nodeArgs: ['--max-semi-space-size=4'], env: { MALLOC_ARENA_MAX: '2' } };

/** One installation: what its processes are started with. */
export interface Installation {
  readonly url: string;
  readonly env: Readonly<Record<string, string>>;
  readonly adminToken: string;
}

/** Settings as an operator would give them; `databaseUrl` undefined means the embedded database in `dataDir`. */
export async function planInstallation(dataDir: string, databaseUrl: string | undefined): Promise<Installation> {
  const port = await freePort();
  const adminToken = randomBytes(24).toString('base64url');
  return {
    url: `http://127.0.0.1:${port}`,
    adminToken,
    env: {
      HOME: dataDir,
      TRIBUTARY_DATA_DIR: dataDir,
      TRIBUTARY_ADMIN_TOKEN: adminToken,
      TRIBUTARY_ALLOWED_HOSTS: '127.0.0.1',
      PORT: String(port),
      LOG_LEVEL: 'error',
      // Pushes follow each other here faster than any provider wants statuses; the pause that it would be given is not what is measured.
      PROVIDER_WRITES_PER_MINUTE: '6000',
      ...(databaseUrl !== undefined && { DATABASE_URL: databaseUrl, TRIBUTARY_SECRET_KEYS: randomBytes(32).toString('base64') }),
    },
  };
}

/** A process of the installation, as anybody starts it. With BENCH_PROFILE it leaves a CPU profile in that folder. */
export function startTributary(scope: Scope, { env }: Installation, command: 'serve' | 'web' | 'worker' | 'migrate'): Child {
  const profiles = process.env['BENCH_PROFILE'];
  const profiling = profiles === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${resolve(profiles, command)}`];
  const nodeArgs = command === 'worker' ? [...LEAN.nodeArgs, ...profiling] : profiling;
  return startChild(scope, { script: LAUNCHER, args: [command], env: command === 'worker' ? { ...LEAN.env, ...env } : env, nodeArgs });
}

/** Web and worker on PostgreSQL, each a process of its own; without PostgreSQL one process that is both. */
export async function startService(
  scope: Scope,
  databaseUrl: string | undefined,
): Promise<{ readonly installation: Installation; readonly web: Child; readonly worker: Child }> {
  const installation = await planInstallation(scope.folder('data'), databaseUrl);
  if (databaseUrl === undefined) {
    const both = startTributary(scope, installation, 'serve');
    await untilReady(installation, both);
    return { installation, web: both, worker: both };
  }
  const web = await startWeb(scope, installation);
  const worker = startTributary(scope, installation, 'worker');
  await worker.line(/worker runs/);
  return { installation, web, worker };
}

/** The schema, then a web process that answers. */
export async function startWeb(scope: Scope, installation: Installation): Promise<Child> {
  const migrated = await startTributary(scope, installation, 'migrate').ended;
  if (migrated.code !== 0) throw new Error(`tributary migrate ended (${migrated.code}):\n${migrated.output}`);
  const web = startTributary(scope, installation, 'web');
  await untilReady(installation, web);
  return web;
}

/** Waits until `readyz` answers 200. Resolves with how long after its start the process got there, in milliseconds. */
export async function untilReady({ url }: Pick<Installation, 'url'>, child: Child): Promise<number> {
  const deadline = performance.now() + READY_WITHIN_MS;
  const ended = child.ended.then(({ code, output }) => {
    throw new Error(`the service ended (${code}) before it was ready:\n${output}`);
  });
  for (;;) {
    if (await Promise.race([isReady(url), ended])) return performance.now() - child.startedAt;
    if (performance.now() > deadline) throw new Error(`${url} was not ready in time`);
    await sleep(LOOK_EVERY_MS);
  }
}

async function isReady(url: string): Promise<boolean> {
  try {
    const answer = await fetch(`${url}/readyz`);
    await answer.arrayBuffer();
    return answer.status === 200;
  } catch {
    return false;
  }
}
