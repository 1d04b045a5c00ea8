import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Git } from './context.ts';
import { GitExitError } from './exit.ts';
import { readGit } from './process.ts';

export interface GitCheck {
  readonly version: string;
  /** What keeps this Git from being used; empty when it is fine. */
  readonly problems: readonly string[];
  /** What is missing and could be done without. */
  readonly warnings: readonly string[];
}

const OLDEST: readonly [number, number] = [2, 38];
const CHECK_MS = 20_000;

/** Whether the Git that was found does what is relied on: by its version, and by trying the protections that matter most (SECURITY.md OPS-01). */
export async function checkGit(git: Git): Promise<GitCheck> {
  const signal = AbortSignal.timeout(CHECK_MS);
  const version = (await output(git, ['version'], signal)).replace(/^git version /, '');
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const isOld = major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1]);
  const problems = [
    ...(isOld ? [`Git ${version} is too old; ${OLDEST.join('.')} or later is needed.`] : []),
    ...((await refuses(git, ['ls-remote', '--end-of-options', 'ext::true'], signal))
      ? []
      : ['Git follows the ext:: protocol, which runs commands, although it is forbidden.']),
    ...((await refusesLocalPath(git, signal)) ? [] : ['Git reads local repositories as remotes, although that is forbidden.']),
  ];
  return {
    version,
    problems,
    warnings: git.hasFlock ? [] : ['There is no flock: writers of one mirror are kept apart within one process only.'],
  };
}

/** Tried on a repository that is there: without the protection it would succeed. */
async function refusesLocalPath(git: Git, signal: AbortSignal): Promise<boolean> {
  const folder = await mkdtemp(join(git.scratchDir, 'check-'));
  try {
    await output(git, ['init', '--quiet', '--bare', '--end-of-options', folder], signal);
    return await refuses(git, ['ls-remote', '--end-of-options', folder], signal);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function refuses(git: Git, args: readonly string[], signal: AbortSignal): Promise<boolean> {
  try {
    await output(git, args, signal);
    return false;
  } catch (error) {
    if (error instanceof GitExitError) return /not allowed/.test(error.exit.stderr);
    throw error;
  }
}

async function output(git: Git, args: readonly string[], signal: AbortSignal): Promise<string> {
  let text = '';
  for await (const chunk of readGit(git, { args, gitDir: undefined, signal })) text += chunk.toString('utf8');
  return text.trim();
}
