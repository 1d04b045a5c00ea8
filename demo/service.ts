import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface DemoService {
  readonly url: string;
  readonly token: string;
  readonly tokenFile: string;
  readonly dataDir: string;
  /** Resolves when the service ended without being asked to. */
  readonly died: Promise<string>;
  readonly stop: () => Promise<void>;
}

const LAUNCHER = fileURLToPath(new URL('../bin/tributary.js', import.meta.url));

/** Starts `tributary serve` as anybody would, on a free port, with a data folder that goes when it ends. */
export async function startService(allowedHosts: string): Promise<DemoService> {
  const dataDir = mkdtempSync(join(tmpdir(), 'tributary-demo-'));
  const child = spawn(process.execPath, [LAUNCHER, 'serve'], {
    env: {
      PATH: process.env['PATH'],
      HOME: dataDir,
      TRIBUTARY_DATA_DIR: dataDir,
      TRIBUTARY_ALLOWED_HOSTS: allowedHosts,
      PORT: '0',
      LOG_LEVEL: 'error',
    },
    // The channel carries nothing; its end tells the service that the demo is gone, however it ended.
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
    // Ctrl-C is for the demo: it stops its children itself, in order.
    detached: true,
  });
  let stopping = false;
  const ended = once(child, 'exit');
  const died = ended.then(([code]: readonly unknown[]) =>
    stopping ? new Promise<string>(() => undefined) : `the service ended with ${String(code)}`,
  );
  const tokenFile = join(dataDir, 'local-token');
  const stop = async (): Promise<void> => {
    stopping = true;
    child.kill('SIGTERM');
    await ended;
    // HOME of the service's Git is read-only, which would keep its file from being removed.
    if (existsSync(join(dataDir, 'git/home'))) chmodSync(join(dataDir, 'git/home'), 0o700);
    rmSync(dataDir, { recursive: true, force: true });
  };
  try {
    const url = await Promise.race([address(child), died.then((reason) => Promise.reject(new Error(reason)))]);
    return { url, token: readFileSync(tokenFile, 'utf8').trim(), tokenFile, dataDir, died, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** The first line that a service prints says where it listens. Resolves for nothing else: a service that ends is noticed by its exit. */
async function address(child: ChildProcess): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  let text = '';
  child.stdout?.on('data', (chunk: Buffer) => {
    text += chunk.toString();
    const url = /listens on (http:\/\/\S+)/.exec(text)?.[1];
    if (url !== undefined) resolve(url);
  });
  return promise;
}
