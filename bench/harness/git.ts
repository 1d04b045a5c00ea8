import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Files } from './content.ts';
import type { Scope } from './scope.ts';

/** Where a repository is reached, and as whom. */
export interface Remote {
  readonly url: string;
  readonly username: string;
  readonly password: string;
}

/** A bare repository on this machine, as good for pushing as any and without the cost of files on disk. */
export interface LocalRepository {
  readonly folder: string;
  /** Adds a commit that changes these files, the same person's every time. Its id. */
  readonly commit: (files: Files) => Promise<string>;
  /** Pushes `main`. */
  readonly push: () => Promise<void>;
}

/** The password goes through the environment of the one call, never into an argument or a file. */
const CREDENTIAL_HELPER = '!f() { echo "username=$BENCH_USERNAME"; echo "password=$BENCH_PASSWORD"; }; f';

/** Runs Git with nothing of this machine's configuration; its output. Throws what it said when it fails. */
export async function git(
  args: readonly string[],
  { remote, input }: { readonly remote?: Remote; readonly input?: Readable } = {},
): Promise<string> {
  const child = spawn('git', ['-c', `credential.helper=${CREDENTIAL_HELPER}`, ...args], {
    env: {
      PATH: process.env['PATH'],
      HOME: '/nonexistent',
      GIT_CONFIG_NOSYSTEM: '1',
      GIT_TERMINAL_PROMPT: '0',
      ...(remote !== undefined && { BENCH_USERNAME: remote.username, BENCH_PASSWORD: remote.password }),
    },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const ended = once(child, 'close');
  const [out, errors] = [child.stdout.setEncoding('utf8').toArray(), child.stderr.setEncoding('utf8').toArray()];
  // Git that ends early says itself why; that it read no further is not the news.
  await pipeline(input ?? Readable.from([]), child.stdin).catch(() => undefined);
  const [code] = (await ended) as [number | null];
  if (code !== 0) throw new Error(`git ${args.join(' ')} ended (${code}): ${(await errors).join('')}`);
  return (await out).join('').trim();
}

export async function makeRepository(scope: Scope, remote: Remote): Promise<LocalRepository> {
  const folder = join(scope.folder('work'), 'work.git');
  await git(['init', '--quiet', '--bare', '--initial-branch=main', folder]);
  let parent: string | undefined;
  return {
    folder,
    commit: async (files) => {
      await git(['-C', folder, 'fast-import', '--quiet'], { input: Readable.from(importStream(parent, files)) });
      parent = await git(['-C', folder, 'rev-parse', 'refs/heads/main']);
      return parent;
    },
    push: async () => void (await git(['-C', folder, 'push', '--quiet', remote.url, 'main'], { remote })),
  };
}

/** How long it takes, in milliseconds. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}

function* importStream(parent: string | undefined, files: Files): Generator<string> {
  const by = `Ana <ana@example.com> ${Math.floor(Date.now() / 1_000)} +0000`;
  yield `feature done\ncommit refs/heads/main\ncommitter ${by}\n${data('Change contexts')}`;
  if (parent !== undefined) yield `from ${parent}\n`;
  for (const [path, text] of files) yield `M 100644 inline ${path}\n${data(text)}`;
  yield 'done\n';
}

function data(text: string): string {
  return `data ${Buffer.byteLength(text)}\n${text}\n`;
}
