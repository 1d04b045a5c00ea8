import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { Scope } from './scope.ts';

export interface ChildSpec {
  readonly script: string;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly nodeArgs?: readonly string[];
}

export interface Child {
  readonly pid: number;
  /** When it was started, as `performance.now()`. */
  readonly startedAt: number;
  /** Resolves with the match as soon as standard output holds it; rejects when the process ends first. */
  readonly line: (pattern: RegExp) => Promise<RegExpExecArray>;
  /** Resolves when the process has ended, with its exit code (or signal) and the last of what it said. */
  readonly ended: Promise<{ readonly code: number | string | null; readonly output: string }>;
  /** Highest memory use up to now, in MB; undefined where the system does not tell (all but Linux). */
  readonly peakMb: () => number | undefined;
  /** Asks it to end, waits, and after a while does not ask any more. */
  readonly stop: () => Promise<void>;
}

/** A graceful stop waits for jobs; nothing of a bench is worth waiting longer for. */
const STOP_WITHIN_MS = 10_000;
const MOST_KEPT = 8_000;

/**
 * Starts a Node process as a group of its own, with nothing of our environment but PATH. Its IPC channel carries nothing: its
 * end tells the process that we are gone, so that even a killed bench leaves nothing running.
 */
export function startChild(scope: Scope, { script, args = [], env = {}, nodeArgs = [] }: ChildSpec): Child {
  const startedAt = performance.now();
  const child = spawn(process.execPath, [...nodeArgs, script, ...args], {
    env: { PATH: process.env['PATH'], ...env },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    detached: true,
  });
  const output = collect(child);
  const stop = (): Promise<void> => stopGroup(child);
  scope.defer(stop);
  return {
    pid: child.pid ?? 0,
    startedAt,
    line: (pattern) => output.line(pattern),
    ended: output.ended,
    peakMb: () => (child.pid === undefined ? undefined : peakMbOf(child.pid)),
    stop,
  };
}

/** Highest resident memory of a running process, in MB. */
function peakMbOf(pid: number): number | undefined {
  return statusMb(pid, /VmHWM:\s+(\d+) kB/);
}

/** Resident memory of a running process now, in MB. */
export function residentMbOf(pid: number): number | undefined {
  return statusMb(pid, /VmRSS:\s+(\d+) kB/);
}

function statusMb(pid: number, figure: RegExp): number | undefined {
  try {
    const kB = figure.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return kB === undefined ? undefined : Number(kB) / 1024;
  } catch {
    return undefined;
  }
}

function collect(child: ChildProcess): Pick<Child, 'line' | 'ended'> {
  let out = '';
  let errors = '';
  const waiting = new Set<() => void>();
  const wake = (): void => waiting.forEach((look) => look());
  child.stdout?.on('data', (chunk: Buffer) => {
    out = (out + chunk.toString()).slice(-MOST_KEPT);
    wake();
  });
  child.stderr?.on('data', (chunk: Buffer) => {
    errors = (errors + chunk.toString()).slice(-MOST_KEPT);
  });
  const ended = once(child, 'close').then(() => ({ code: child.exitCode ?? child.signalCode, output: out + errors }));
  const line = (pattern: RegExp): Promise<RegExpExecArray> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        const match = pattern.exec(out);
        if (match === null) return;
        waiting.delete(look);
        resolve(match);
      };
      waiting.add(look);
      look();
      void ended.then(({ code, output }) => reject(new Error(`${child.spawnargs.slice(1).join(' ')} ended (${code}):\n${output}`)));
    });
  return { ended, line };
}

async function stopGroup(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  const timer = setTimeout(() => killGroup(child.pid ?? 0), STOP_WITHIN_MS);
  await ended;
  clearTimeout(timer);
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It ended in the same moment.
  }
}
