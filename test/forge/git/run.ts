import { spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { env } from 'node:process';

/** Nothing of this machine's or this user's configuration reaches the forge's Git. */
export function gitEnvironment(): Record<string, string> {
  return {
    PATH: env['PATH'] ?? '/usr/local/bin:/usr/bin:/bin',
    LC_ALL: 'C',
    HOME: '/nonexistent',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_TERMINAL_PROMPT: '0',
  };
}

/** Runs Git in a bare repository to its end. Throws with what Git said when it fails. */
export async function runGit(dir: string, args: readonly string[], input?: Readable | Iterable<Uint8Array> | string): Promise<Buffer> {
  const child = spawn('git', [`--git-dir=${dir}`, ...args], { env: gitEnvironment(), stdio: ['pipe', 'pipe', 'pipe'] });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  const chunks: Buffer[] = [];
  const complaints: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => complaints.push(chunk));
  // Git may stop reading before the input ends; its exit code tells more than the broken pipe does.
  const fed = pipeline(typeof input === 'string' ? [Buffer.from(input)] : (input ?? []), child.stdin).catch(() => undefined);
  const [code] = await Promise.all([ended, fed]);
  if (code !== 0) throw new Error(`git ${args.join(' ')} failed: ${Buffer.concat(complaints).toString().trim()}`);
  return Buffer.concat(chunks);
}

export async function readGit(dir: string, args: readonly string[], input?: string): Promise<string> {
  return (await runGit(dir, args, input)).toString().trimEnd();
}
