import { spawn } from 'node:child_process';
import type { FileHandle } from 'node:fs/promises';
import { mkdir, open, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Failure } from '#domain/failure.ts';
import type { Git } from './context.ts';

/**
 * Runs `work` as the only writer of a mirror, on this machine. The lock is a flock on an open file that is handed to every Git
 * `work` starts, so it is held until this process and the last of those are gone: a successor never meets a Git that a killed
 * process left behind. Where `flock` is missing, writers are kept apart within this process only.
 */
export async function withWriterLock<T>(git: Git, key: string, signal: AbortSignal, work: (lockFd: number) => Promise<T>): Promise<T> {
  return inTurn(git, key, signal, async () => {
    const timeout = AbortSignal.timeout(git.timeoutMs);
    const file = await lockFile(git, key, AbortSignal.any([signal, timeout]), 'wait');
    if (file === undefined) {
      throw signal.aborted
        ? cancelled()
        : new Failure('CLONE_TIMEOUT', { message: 'Another process kept the mirror of this repository busy.' });
    }
    try {
      return await work(file.fd);
    } finally {
      await file.close();
    }
  });
}

/** The same, or `undefined` at once when another writer is at work. */
export async function tryWriterLock<T>(git: Git, key: string, work: () => Promise<T>): Promise<T | undefined> {
  if (git.queues.has(key)) return undefined;
  const { signal } = new AbortController();
  return inTurn(git, key, signal, async () => {
    const file = await lockFile(git, key, signal, 'try');
    if (file === undefined) return undefined;
    try {
      return await work();
    } finally {
      await file.close();
    }
  });
}

export function lockPath(git: Git, key: string): string {
  return join(git.mirrorsDir, 'locks', key);
}

/** Waiting ends with the signal; the place in line is kept by the chain of promises, whoever left it. */
async function inTurn<T>(git: Git, key: string, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  const { promise: own, resolve: done } = Promise.withResolvers<void>();
  const before = git.queues.get(key) ?? Promise.resolve();
  const turn = before.then(() => own);
  git.queues.set(key, turn);
  try {
    await untilAborted(before, signal);
    return await work();
  } finally {
    done();
    if (git.queues.get(key) === turn) git.queues.delete(key);
  }
}

async function untilAborted(before: Promise<void>, signal: AbortSignal): Promise<void> {
  if (signal.aborted) throw cancelled();
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const abort = (): void => reject(cancelled());
  signal.addEventListener('abort', abort, { once: true });
  try {
    await Promise.race([before, aborted]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

function cancelled(): Failure {
  return new Failure('CANCELLED', { message: 'The run was ended while another one was writing the mirror.' });
}

async function lockFile(git: Git, key: string, signal: AbortSignal, how: 'wait' | 'try'): Promise<FileHandle | undefined> {
  const path = lockPath(git, key);
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  for (;;) {
    const file = await open(path, 'a', 0o600);
    if (git.hasFlock && !(await flock(git, file.fd, signal, how))) {
      await file.close();
      return undefined;
    }
    // The janitor may have removed the file between open and lock; a lock on that one excludes nobody.
    const present = await stat(path).catch(() => undefined);
    if (present?.ino === (await file.stat()).ino) return file;
    await file.close();
  }
}

/** `flock` locks the open file that it shares with us and ends; the lock stays. */
async function flock(git: Git, fd: number, signal: AbortSignal, how: 'wait' | 'try'): Promise<boolean> {
  const child = spawn('flock', how === 'try' ? ['-n', '3'] : ['3'], {
    env: { PATH: git.path },
    stdio: ['ignore', 'ignore', 'ignore', fd],
    signal,
    killSignal: 'SIGKILL',
  });
  const { promise, resolve, reject } = Promise.withResolvers<boolean>();
  child.on('error', (error) => (signal.aborted ? resolve(false) : reject(error)));
  child.on('close', (code) => resolve(code === 0));
  return promise;
}
