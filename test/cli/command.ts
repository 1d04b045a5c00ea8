import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));
export const LAUNCHER = join(ROOT, 'bin/tributary.js');

export interface Ended {
  /** null: ended by a signal. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CommandSetting {
  readonly env?: Readonly<Record<string, string>> | undefined;
  readonly cwd?: string | undefined;
  readonly node?: string | undefined;
}

/** Runs a command to its end as a person would, with nothing in its environment but what is given. */
export async function tributary(args: readonly string[], setting: CommandSetting = {}): Promise<Ended> {
  return ending(start(args, setting));
}

export function start(args: readonly string[], { env = {}, cwd = ROOT, node = process.execPath }: CommandSetting = {}): ChildProcess {
  return spawn(node, [LAUNCHER, ...args], {
    cwd,
    env: { PATH: process.env['PATH'], HOME: tmpdir(), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

export async function ending(child: ChildProcess): Promise<Ended> {
  let stdout = '';
  let stderr = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const [code]: readonly unknown[] = await once(child, 'close');
  return { code: typeof code === 'number' ? code : null, stdout, stderr };
}

/** Everything written to standard output until `pattern` is there; throws when the process ends before. */
export async function outputUntil(child: ChildProcess, pattern: RegExp): Promise<string> {
  let text = '';
  let errors = '';
  child.stderr?.setEncoding('utf8').on('data', (more: string) => (errors += more));
  child.stdout?.setEncoding('utf8');
  return new Promise((resolve, reject) => {
    child.stdout?.on('data', (more: string) => {
      text += more;
      if (pattern.test(text)) resolve(text);
    });
    child.once('close', (code) => reject(new Error(`ended with ${code} before it said ${pattern}:\n${text}\n${errors}`)));
  });
}
