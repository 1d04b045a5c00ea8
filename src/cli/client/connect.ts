import { readClientConfig } from '#config.ts';
import { CommandError, usageError } from '#cli/exit.ts';
import type { GlobalOptions } from '#cli/settings.ts';
import { requireConfig } from '#cli/settings.ts';
import type { Terminal } from '#cli/terminal.ts';
import { readLocalToken } from '#service-file.ts';
import type { Api } from './api.ts';
import { openApi } from './api.ts';
import { findService } from './discover.ts';

export interface Connection {
  readonly api: Api;
  /** The application was started for this command, and ends with it. */
  readonly ownProcess: boolean;
  /** Ends the application where it was started for this command. */
  readonly close: () => Promise<void>;
}

/** The service that was named, else the one that runs on the data folder; undefined where there is none. */
export async function findRunning(options: GlobalOptions): Promise<Api | undefined> {
  const named = await namedService(options);
  if (named !== undefined) return named;
  const running = await findService(requireConfig(options).dataDir);
  return running === undefined ? undefined : openApi(running.url, options.token ?? running.token);
}

/** The service that was named, else the one that runs on the data folder, else the application in this process for as long as the command takes. */
export async function findRunningOrStart(terminal: Terminal, options: GlobalOptions): Promise<Connection> {
  const named = await namedService(options);
  if (named !== undefined) return client(named);
  const config = requireConfig(options);
  const deadline = Date.now() + WAIT_FOR_FOLDER_MS;
  for (;;) {
    const running = await findService(config.dataDir);
    if (running !== undefined) return client(openApi(running.url, options.token ?? running.token));
    terminal.progress(`No service runs on ${config.dataDir}; starting one for this command`);
    try {
      return await startHere(options);
    } catch (error) {
      if (!isFolderInUse(error) || Date.now() > deadline) throw error;
      terminal.progress(`Another command uses ${config.dataDir}; waiting for it`);
    }
  }
}

function client(api: Api): Connection {
  return { api, ownProcess: false, close: async () => undefined };
}

function isFolderInUse(error: unknown): boolean {
  return error instanceof CommandError && error.cause instanceof Error && error.cause.name === 'FolderInUseError';
}

/** `--url`, or TRIBUTARY_URL. The token goes nowhere else: it must come with the address, unless the data folder says that it is this one's. */
async function namedService(options: GlobalOptions): Promise<Api | undefined> {
  const environment = readClientConfig();
  const url = options.url ?? environment.url;
  if (url === undefined) return undefined;
  if (!/^https?:\/\//.test(url) || !URL.canParse(url)) throw usageError(`--url ${url} is not an http or https address.`);
  const token = options.token ?? environment.token ?? (await localTokenFor(url, options));
  if (token === undefined) {
    throw usageError('There is no token for this service.', 'Give one with the environment variable TRIBUTARY_TOKEN, or with --token.');
  }
  return openApi(url, token);
}

async function localTokenFor(url: string, options: GlobalOptions): Promise<string | undefined> {
  const { dataDir } = requireConfig(options);
  const running = await findService(dataDir);
  return running !== undefined && new URL(running.url).origin === new URL(url).origin ? readLocalToken(dataDir) : undefined;
}

/** Another command may have the embedded database for as long as it takes: that is waited for. */
const WAIT_FOR_FOLDER_MS = 120_000;

async function startHere(options: GlobalOptions): Promise<Connection> {
  // A port of its own: whatever is configured may be taken, and nobody but this command has to find it.
  const config = requireConfig(options, { HOST: '127.0.0.1', PORT: '0', LOG_LEVEL: 'warn' });
  // Loaded here because a client needs none of it.
  const { openApp } = await import('#app.ts');
  const { starting } = await import('#cli/start.ts');
  const app = await starting(openApp(config, { web: true, worker: true, migrate: true, announce: false }));
  if (app.url === undefined) throw new Error('the application serves HTTP and has no address');
  return { api: openApi(app.url, app.localToken), ownProcess: true, close: () => app.close() };
}
