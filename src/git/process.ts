import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import { Writable } from 'node:stream';
import { credentialLines } from './credential.ts';
import type { Git } from './context.ts';
import type { EnvironmentNeeds } from './environment.ts';
import { gitEnvironment } from './environment.ts';
import type { GitExit } from './exit.ts';
import { GitExitError, keepTail } from './exit.ts';
import type { GitAccess } from '#domain/words.ts';

export interface GitCall extends EnvironmentNeeds {
  readonly args: readonly string[];
  readonly signal: AbortSignal;
  readonly stdin?: boolean | undefined;
  /** A locked file that Git and all it starts hold open. */
  readonly lockFd?: number | undefined;
  readonly credential?: GitAccess | undefined;
  readonly onStderr?: ((text: string) => void) | undefined;
}

export interface GitProcess {
  /** Ends early, or throws, when Git is ended. */
  readonly stdout: AsyncIterable<Buffer>;
  /** Resolves when the whole process group is gone and nothing more will be read. Never rejects. */
  readonly exit: Promise<GitExit>;
  /** Sends input to a call that takes it. False when Git has ended. */
  write(text: string): boolean;
  /** Says that no more input comes: a call that reads to its end then ends by itself. */
  endInput(): void;
  /** Ends the process group at once. */
  stop(): void;
}

/**
 * Starts Git with streams, for what simple-git cannot do: output without end, input, an inherited lock and a credential channel.
 * Same profile, same git-run. The caller reads `stdout` to its end or calls `stop`.
 */
export function startGit(git: Git, call: GitCall): GitProcess {
  // Before anything starts: a credential that cannot be sent must not leave a process behind.
  const credential = call.credential === undefined ? undefined : credentialLines(call.credential);
  const proxyCredential = call.proxy?.access === undefined ? undefined : credentialLines(call.proxy.access);
  const child = spawn('git-run', call.args, {
    cwd: git.homeDir,
    env: { ...gitEnvironment(git, call) },
    stdio: [
      call.stdin === true ? 'pipe' : 'ignore',
      'pipe',
      'pipe',
      'pipe',
      call.lockFd ?? 'ignore',
      credential === undefined ? 'ignore' : 'pipe',
      // git-run's own.
      'ignore',
      proxyCredential === undefined ? 'ignore' : 'pipe',
    ],
  });
  const ended = git.onProcess();
  child.once('close', ended);
  if (credential !== undefined) sendCredential(child, CREDENTIAL_FD, credential);
  if (proxyCredential !== undefined) sendCredential(child, PROXY_FD, proxyCredential);
  const write = (text: string): boolean => {
    if (child.stdin === null || !child.stdin.writable) return false;
    child.stdin.write(text);
    return true;
  };
  return { stdout: requireStream(child.stdout), write, endInput: () => child.stdin?.end(), ...watchGit(git, call, child) };
}

/** Output of a call in pieces. Throws GitExitError unless Git ends well; leaving the loop early ends Git. */
export async function* readGit(git: Git, call: GitCall): AsyncGenerator<Buffer, void, undefined> {
  const child = startGit(git, call);
  let isRead = false;
  try {
    for await (const chunk of child.stdout) yield chunk;
    isRead = true;
  } catch (error) {
    child.stop();
    const exit = await child.exit;
    throw exit.ended === 'by-itself' ? error : new GitExitError(exit);
  } finally {
    if (!isRead) child.stop();
    await child.exit;
  }
  const exit = await child.exit;
  if (exit.code !== 0 || exit.ended !== 'by-itself') throw new GitExitError(exit);
}

function watchGit(git: Git, call: GitCall, child: ChildProcess): Pick<GitProcess, 'exit' | 'stop'> {
  const { promise: exit, resolve } = Promise.withResolvers<GitExit>();
  let stderr = '';
  let ended: GitExit['ended'] = 'by-itself';
  const stop = (): void => {
    // git-run sees the end of its watch pipe and kills the group.
    child.stdio[3]?.destroy();
    child.stdout?.destroy();
    child.stdin?.destroy();
  };
  const endAs = (how: GitExit['ended']): void => {
    if (child.exitCode !== null || ended !== 'by-itself') return;
    ended = how;
    stop();
  };
  const abort = (): void => endAs('aborted');
  const timer = setTimeout(() => endAs('timed-out'), call.timeoutMs ?? git.timeoutMs);
  call.signal.addEventListener('abort', abort, { once: true });
  if (call.signal.aborted) abort();

  for (const stream of child.stdio) stream?.on('error', ignoreError);
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr = keepTail(stderr, text);
    call.onStderr?.(text);
  });
  child.on('error', (error) => {
    ended = 'not-started';
    stderr = String(error);
  });
  child.on('close', (code, signal) => {
    clearTimeout(timer);
    call.signal.removeEventListener('abort', abort);
    for (const stream of child.stdio) stream?.destroy();
    resolve({ code: signal === null ? (code ?? 0) : 137, ended, stderr });
  });
  return { exit, stop };
}

/** As git-run and the helper know them. */
const CREDENTIAL_FD = 5;
const PROXY_FD = 7;

function sendCredential(child: ChildProcess, fd: number, credential: string): void {
  // Typed as five at most, whatever `spawn` was told.
  const channel = Array.from<unknown>(child.stdio)[fd];
  if (!(channel instanceof Writable)) throw new Error('the credential channel was asked for and not made');
  channel.on('error', ignoreError);
  channel.end(credential);
}

/** A pipe whose other end is gone says so as an error; how the call ended says it better. */
function ignoreError(): void {}

function requireStream(stream: Readable | null): Readable {
  if (stream === null) throw new Error('a pipe was asked for and not made');
  return stream;
}
