import { access, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Git } from './context.ts';
import { GitExitError } from './exit.ts';
import type { GitCall } from './process.ts';
import { readGit, startGit } from './process.ts';

export interface GitCheck {
  readonly version: string;
  /** What keeps this Git from being used; empty when it is fine. */
  readonly problems: readonly string[];
  /** What is missing and could be done without. */
  readonly warnings: readonly string[];
}

const OLDEST: readonly [number, number] = [2, 38];
const CHECK_MS = 20_000;
const STOP_MS = 5_000;

/** Whether the Git that was found does what is relied on: by its version, and by trying each protection on something that it must stop. */
export async function checkGit(git: Git): Promise<GitCheck> {
  const signal = AbortSignal.timeout(CHECK_MS);
  const version = (await output(git, { args: ['version'], signal })).replace(/^git version /, '');
  const folder = await mkdtemp(join(git.scratchDir, 'check-'));
  try {
    await output(git, { args: ['init', '--quiet', '--bare', '--end-of-options', folder], signal });
    const problems: string[] = isOld(version) ? [`Git ${version} is too old; ${OLDEST.join('.')} or later is needed.`] : [];
    for (const { problem, isFine } of TRIALS) if (!(await isFine(git, folder, signal))) problems.push(problem);
    return {
      version,
      problems,
      warnings: git.hasFlock ? [] : ['There is no flock: writers of one mirror are kept apart within one process only.'],
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

interface Trial {
  readonly problem: string;
  /** `folder` is an empty bare repository to try things on. */
  readonly isFine: (git: Git, folder: string, signal: AbortSignal) => Promise<boolean>;
}

const TRIALS: readonly Trial[] = [
  {
    problem: 'Git follows the ext:: protocol, which runs commands, although it is forbidden.',
    isFine: async (git, _folder, signal) => /not allowed/.test(await complaint(git, 'ext::true', signal)),
  },
  {
    // A repository that is there: without the protection it would be listed.
    problem: 'Git reads local repositories as remotes, although that is forbidden.',
    isFine: async (git, folder, signal) => /not allowed/.test(await complaint(git, folder, signal)),
  },
  {
    problem: 'Git takes a credential from a URL, although that is forbidden.',
    isFine: async (git, _folder, signal) => /plaintext credentials/.test(await complaint(git, 'https://user:none@127.0.0.1:1/', signal)),
  },
  {
    problem: 'Git cannot speak HTTPS: its helper git-remote-https is missing.',
    isFine: async (git, _folder, signal) =>
      !/remote helper|not a git command/.test(await complaint(git, 'https://127.0.0.1:1/', signal, 'https')),
  },
  { problem: 'Git runs hooks, although they are switched off.', isFine: ignoresHooks },
  { problem: 'Git outlives the end of a call.', isFine: endsWhenStopped },
];

function isOld(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1]);
}

async function ignoresHooks(git: Git, folder: string, signal: AbortSignal): Promise<boolean> {
  const trace = join(folder, 'hook-ran');
  await mkdir(join(folder, 'hooks'), { recursive: true });
  await writeFile(join(folder, 'hooks', 'reference-transaction'), `#!/bin/sh\n: >"$GIT_DIR/hook-ran"\n`, { mode: 0o755 });
  // Nothing on standard input makes the empty tree, which a tag may name.
  const tree = await output(git, { args: ['mktree'], gitDir: folder, signal });
  await output(git, { args: ['update-ref', 'refs/tags/check', tree], gitDir: folder, signal });
  return access(trace).then(
    () => false,
    () => true,
  );
}

async function endsWhenStopped(git: Git, folder: string, signal: AbortSignal): Promise<boolean> {
  const child = startGit(git, { args: ['cat-file', '--batch'], gitDir: folder, signal, stdin: true });
  const limit = new AbortController();
  child.stop();
  const ended = await Promise.race([child.exit, sleep(STOP_MS, undefined, { signal: limit.signal, ref: false })]);
  limit.abort();
  return ended !== undefined;
}

/** What Git says when it is to reach a remote; empty when it does so without a complaint. */
async function complaint(git: Git, url: string, signal: AbortSignal, protocol: 'https' | 'none' = 'none'): Promise<string> {
  try {
    await output(git, { args: ['ls-remote', '--end-of-options', url], protocol, signal });
    return '';
  } catch (error) {
    if (error instanceof GitExitError) return error.exit.stderr;
    throw error;
  }
}

async function output(git: Git, call: Omit<GitCall, 'gitDir'> & { readonly gitDir?: string }): Promise<string> {
  let text = '';
  for await (const chunk of readGit(git, { gitDir: undefined, ...call })) text += chunk.toString('utf8');
  return text.trim();
}
