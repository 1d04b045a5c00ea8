import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { untilTrue } from './until.ts';

export type Command = 'serve' | 'web' | 'worker' | 'migrate';

/** A process of the service, as an operator would start it. */
export interface ServiceProcess {
  readonly command: Command;
  readonly pid: number;
  readonly dataDir: string;
  /** Where it listens; undefined for one that does not. */
  readonly url: string | undefined;
  readonly isRunning: () => boolean;
  /** Everything it has said up to now, on both streams. */
  readonly output: () => string;
  readonly signal: (name: NodeJS.Signals) => void;
  /** SIGKILL, and waits until it is gone. */
  readonly kill: () => Promise<void>;
  /** SIGTERM, and waits; its exit code. */
  readonly stop: () => Promise<number | null>;
  readonly ended: Promise<number | null>;
}

const LAUNCHER = fileURLToPath(new URL('../../bin/tributary.js', import.meta.url));
const READY_WITHIN_MS = 120_000;
const STOP_WITHIN_MS = 40_000;

export interface ProcessSpec {
  readonly command: Command;
  readonly dataDir: string;
  readonly env: Readonly<Record<string, string>>;
  /** Where it will listen, if it does. */
  readonly url?: string | undefined;
}

/** Starts it with nothing in its environment but PATH, room for writes at the forge, and what is given. The IPC channel carries nothing: its end tells the process that the test is gone. */
export function startProcess({ command, dataDir, env, url }: ProcessSpec): ServiceProcess {
  const child = spawn(process.execPath, [LAUNCHER, command], {
    env: { PATH: process.env['PATH'], HOME: dataDir, TRIBUTARY_DATA_DIR: dataDir, PROVIDER_WRITES_PER_MINUTE: '6000', ...env },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream?.setEncoding('utf8').on('data', (text: string) => (output += text));
  const ended = once(child, 'close').then(() => child.exitCode);
  const isRunning = (): boolean => child.exitCode === null && child.signalCode === null;
  return {
    command,
    pid: child.pid ?? 0,
    dataDir,
    url,
    ended,
    isRunning,
    output: () => output,
    signal: (name) => void child.kill(name),
    kill: async () => {
      if (isRunning()) child.kill('SIGKILL');
      await ended;
    },
    stop: () => stopChild(child, ended),
  };
}

/** Waits until it says that it can work: `readyz` of one that listens, the greeting of a worker. Throws with its output when it ends first. */
export async function untilReady(process: ServiceProcess): Promise<void> {
  await untilTrue(
    `${process.command} to be ready`,
    async () => {
      if (!process.isRunning()) throw new Error(`${process.command} ended before it was ready:\n${process.output()}`);
      return process.url === undefined ? process.output().includes('Tributary worker runs') : isReady(process.url);
    },
    { withinMs: READY_WITHIN_MS, everyMs: 25 },
  );
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

async function stopChild(child: ChildProcess, ended: Promise<number | null>): Promise<number | null> {
  if (child.exitCode === null && child.signalCode === null) {
    // One that is stopped (SIGSTOP) would never see the wish to end.
    child.kill('SIGCONT');
    child.kill('SIGTERM');
  }
  const impatient = setTimeout(() => child.kill('SIGKILL'), STOP_WITHIN_MS);
  const code = await ended;
  clearTimeout(impatient);
  return code;
}
