import { access, chmod, constants, mkdir, realpath } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Failure } from '#domain/failure.ts';
import type { Git, GitLimits, GitLog } from './context.ts';
import { prepareHome } from './home.ts';

export interface GitOptions {
  readonly dataDir: string;
  readonly limits: GitLimits;
  /** Wall clock of one call of Git. */
  readonly timeoutMs: number;
  readonly log?: GitLog | undefined;
  readonly onProcess?: (() => () => void) | undefined;
  /** Where to look for Git, in the form of PATH; by default the usual folders. */
  readonly searchPath?: string | undefined;
}

const USUAL_FOLDERS = ['/usr/local/bin', '/usr/bin', '/bin', '/opt/homebrew/bin', '/opt/local/bin'].join(delimiter);
const COMMANDS = ['git-run', 'git-credential-channel'];

/**
 * Prepares the only way in which this product runs Git. Throws Failure GIT_UNUSABLE when there is no Git or our commands beside it
 * cannot run; `checkGit` says more.
 */
export async function createGit({ dataDir, limits, timeoutMs, log, onProcess, searchPath = USUAL_FOLDERS }: GitOptions): Promise<Git> {
  const libexec = fileURLToPath(new URL('libexec', import.meta.url));
  for (const command of COMMANDS) await requireExecutable(join(libexec, command));
  const gitFile = await findExecutable('git', searchPath);
  if (gitFile === undefined)
    throw new Failure('GIT_UNUSABLE', { message: 'There is no git on this machine, or not where it was looked for.' });

  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  // Git compares ceilings and its own folder with symbolic links resolved.
  const root = await realpath(dataDir);
  const folder = async (...names: readonly string[]): Promise<string> => privateFolder(join(root, ...names));
  await folder('git');
  const homeDir = join(root, 'git', 'home');
  await prepareHome(homeDir);
  const mirrorsDir = await folder('mirrors');
  await folder('mirrors', 'locks');
  return {
    homeDir,
    scratchDir: await folder('git', 'scratch'),
    mirrorsDir,
    path: [...new Set([libexec, dirname(gitFile), '/usr/bin', '/bin'])].join(delimiter),
    limits,
    timeoutMs,
    log: log ?? { warn: () => undefined },
    onProcess: onProcess ?? (() => () => undefined),
    hasFlock: (await findExecutable('flock', `/usr/bin${delimiter}/bin`)) !== undefined,
    queues: new Map(),
  };
}

async function privateFolder(path: string): Promise<string> {
  await mkdir(path, { recursive: true, mode: 0o700 });
  await chmod(path, 0o700);
  return path;
}

async function requireExecutable(path: string): Promise<void> {
  if (await isExecutable(path)) return;
  throw new Failure('GIT_UNUSABLE', {
    message: `The file ${path} is missing or cannot be executed.`,
    help: 'Install the product again with file modes kept, or give the file back its executable bit.',
  });
}

async function findExecutable(name: string, searchPath: string): Promise<string | undefined> {
  for (const folder of searchPath.split(delimiter).filter((entry) => entry.startsWith('/'))) {
    const path = join(folder, name);
    if (await isExecutable(path)) return path;
  }
  return undefined;
}

async function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}
