import { randomBytes } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import type { ApiClient } from './api-client.ts';
import { createApiClient } from './api-client.ts';
import { freePort } from './free-port.ts';
import { freshDatabase } from './fresh-database.ts';
import type { Scope } from './scope.ts';
import type { ServiceProcess } from './service-process.ts';
import { startProcess, untilReady } from './service-process.ts';

/** One installation of the service: its processes on one database. */
export interface Installation {
  /** As the first of the web processes; PUBLIC_URL of all. */
  readonly url: string;
  readonly api: ApiClient;
  readonly adminToken: string;
  /** undefined: the embedded database. */
  readonly databaseUrl: string | undefined;
  /** All that were ever started, those that are gone too. */
  readonly processes: readonly ServiceProcess[];
  readonly webs: readonly ServiceProcess[];
  readonly workers: readonly ServiceProcess[];
  readonly startWeb: (env?: Environment) => Promise<ServiceProcess>;
  readonly startWorker: (env?: Environment) => Promise<ServiceProcess>;
  /** Starts a process again as the one that is gone: same folder, same address, with more in its environment if wanted. */
  readonly startAgain: (gone: ServiceProcess, env?: Environment) => Promise<ServiceProcess>;
  /** The same without waiting until it can work: it may end before. */
  readonly launchAgain: (gone: ServiceProcess, env?: Environment) => ServiceProcess;
  /** Everything that every process has said. */
  readonly output: () => string;
}

type Environment = Readonly<Record<string, string>>;

export interface InstallationOptions {
  /** undefined: one `serve` on the embedded database, whatever is asked for below. */
  readonly serverUrl?: string | undefined;
  readonly webs?: number;
  readonly workers?: number;
  readonly env?: Readonly<Record<string, string>>;
  readonly onAnswer?: (text: string) => void;
}

/**
 * Starts an installation as an operator would. On PostgreSQL `migrate`, then processes of each kind, each with a data folder
 * of its own as on machines of their own; otherwise one `serve`. Everything is stopped and removed with the scope.
 */
export async function startInstallation(scope: Scope, options: InstallationOptions = {}): Promise<Installation> {
  const { serverUrl, webs = 1, workers = 1 } = options;
  const databaseUrl = serverUrl === undefined ? undefined : await freshDatabase(scope, serverUrl);
  const adminToken = `flow-${randomBytes(24).toString('hex')}`;
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const common = {
    TRIBUTARY_ADMIN_TOKEN: adminToken,
    TRIBUTARY_SECRET_KEYS: randomBytes(32).toString('base64'),
    TRIBUTARY_ALLOWED_HOSTS: '127.0.0.1',
    PUBLIC_URL: url,
    LOG_LEVEL: 'debug',
    // A test that is about polling says how often; in the others nothing but what they do makes runs.
    POLL_INTERVAL_S: '3600',
    ...(databaseUrl === undefined ? {} : { DATABASE_URL: databaseUrl }),
    ...options.env,
  };
  const started: ServiceProcess[] = [];
  const root = scope.folder('service');
  const folder = (command: string): string => mkdtempSync(join(root, `${command}-`));
  scope.defer(() => Promise.all(started.map((process) => process.stop())));

  function launch(
    command: 'serve' | 'web' | 'worker',
    dataDir: string,
    listenPort: number | undefined,
    more: Environment = {},
  ): ServiceProcess {
    const env = { ...common, ...(listenPort === undefined ? {} : { PORT: String(listenPort) }), ...more };
    const process = startProcess({ command, dataDir, env, url: listenPort === undefined ? undefined : `http://127.0.0.1:${listenPort}` });
    started.push(process);
    return process;
  }
  async function start(...args: Parameters<typeof launch>): Promise<ServiceProcess> {
    const process = launch(...args);
    await untilReady(process);
    return process;
  }
  const launchAgain: Installation['launchAgain'] = ({ command, dataDir, url: address }, env) => {
    if (command === 'migrate') throw new Error('a migration is not started again');
    return launch(command, dataDir, address === undefined ? undefined : Number(new URL(address).port), env);
  };
  const startWeb: Installation['startWeb'] = async (env) =>
    start('web', folder('web'), started.length === 0 ? port : await freePort(), env);
  const startWorker: Installation['startWorker'] = (env) => start('worker', folder('worker'), undefined, env);

  if (databaseUrl === undefined) await start('serve', folder('serve'), port);
  else {
    await migrate(scope, folder('migrate'), common);
    for (let number = 0; number < webs; number++) await startWeb();
    for (let number = 0; number < workers; number++) await startWorker();
  }
  const running = (...commands: readonly string[]): readonly ServiceProcess[] =>
    started.filter((process) => process.isRunning() && commands.includes(process.command));
  return {
    url,
    adminToken,
    databaseUrl,
    api: createApiClient(url, adminToken, options.onAnswer),
    processes: started,
    get webs() {
      return running('web', 'serve');
    },
    get workers() {
      return running('worker', 'serve');
    },
    startWeb,
    startWorker,
    launchAgain,
    startAgain: async (gone, env) => {
      const process = launchAgain(gone, env);
      await untilReady(process);
      return process;
    },
    output: () => started.map((process) => process.output()).join('\n'),
  };
}

async function migrate(scope: Scope, dataDir: string, env: Readonly<Record<string, string>>): Promise<void> {
  const process = startProcess({ command: 'migrate', dataDir, env });
  scope.defer(() => process.stop());
  const code = await process.ended;
  if (code !== 0) throw new Error(`tributary migrate ended with ${code}:\n${process.output()}`);
}
