import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '#test/support/free-port.ts';
import type { Scope } from '#test/support/scope.ts';

/** A cluster that nobody else uses, to be broken at will. */
export interface PrivatePostgres {
  readonly url: string;
  /** As after a crash of the machine's PostgreSQL: every connection is cut, nothing is written down any more, recovery at start. */
  readonly restartImmediate: () => Promise<void>;
  /** Stopped in the same way until `work` has ended. */
  readonly whileStopped: (work: () => Promise<void>) => Promise<void>;
}

const INSTALLED = '/usr/lib/postgresql';

/** Durable as PostgreSQL comes. Throws where its programs are not installed. */
export async function startPrivatePostgres(scope: Scope): Promise<PrivatePostgres> {
  const programs = findPrograms();
  // The server refuses to run as root; then it belongs to the user that the packages made for it.
  const asServer = process.getuid?.() === 0 ? ['runuser', '-u', 'postgres', '--'] : [];
  const run = (...command: readonly string[]): string => {
    const [program = '', ...args] = [...asServer, ...command];
    return execFileSync(program, args, { cwd: '/', encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  };
  const folder = run('mktemp', '-d', join(tmpdir(), 'tributary-faults-postgres-XXXXXX')).trim();
  scope.defer(() => rmSync(folder, { recursive: true, force: true }));
  const data = join(folder, 'data');
  run(join(programs, 'initdb'), '-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync');
  const port = await freePort();
  const settings = `-c listen_addresses=127.0.0.1 -c port=${port} -c unix_socket_directories=${folder} -c max_connections=200`;
  const control = async (...args: readonly string[]): Promise<void> => {
    const [program = '', ...rest] = [...asServer, join(programs, 'pg_ctl'), '-D', data, '-w', '-l', join(folder, 'server.log'), ...args];
    const child = spawn(program, rest, { cwd: '/', stdio: 'ignore' });
    const [code]: readonly unknown[] = await once(child, 'exit');
    if (code !== 0) throw new Error(`pg_ctl ${args.join(' ')} ended with ${String(code)}`);
  };
  await control('-o', settings, 'start');
  scope.defer(() => control('-m', 'immediate', 'stop'));
  return {
    url: `postgres://postgres@127.0.0.1:${port}/postgres`,
    restartImmediate: () => control('-m', 'immediate', '-o', settings, 'restart'),
    whileStopped: async (work) => {
      await control('-m', 'immediate', 'stop');
      try {
        await work();
      } finally {
        await control('-o', settings, 'start');
      }
    },
  };
}

/** Debian keeps the server's programs off the PATH, a folder for each major version; the newest is taken. */
function findPrograms(): string {
  const versions = existsSync(INSTALLED) ? readdirSync(INSTALLED).toSorted((one, other) => Number(other) - Number(one)) : [];
  const found = versions.map((version) => join(INSTALLED, version, 'bin')).find((bin) => existsSync(join(bin, 'initdb')));
  if (found === undefined) throw new Error('PostgreSQL is not installed; the fault runs need its server programs.');
  return found;
}
