import { execFile } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import type { Scope } from './scope.ts';

/** A clone as a developer has it, made and pushed with the machine's own Git. */
export interface WorkTree {
  readonly git: (...args: readonly string[]) => Promise<string>;
  readonly write: (files: Readonly<Record<string, string>>) => void;
  /** Commits everything and pushes the current branch; the commit. */
  readonly push: (...options: readonly string[]) => Promise<string>;
}

const run = promisify(execFile);

export async function cloneWorkTree(
  scope: Scope,
  remote: { readonly url: string; readonly username: string; readonly password: string },
): Promise<WorkTree> {
  const folder = scope.folder('work');
  // The password goes through the environment of these calls, never into an argument or a file.
  const env = {
    PATH: process.env['PATH'],
    HOME: folder,
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_TERMINAL_PROMPT: '0',
    TREE_USERNAME: remote.username,
    TREE_PASSWORD: remote.password,
  };
  const helper = '!f() { echo "username=$TREE_USERNAME"; echo "password=$TREE_PASSWORD"; }; f';
  const settings = ['-c', `credential.helper=${helper}`, '-c', 'user.name=Ana', '-c', 'user.email=ana@example.com'];
  const tree = join(folder, 'tree');
  const inFolder = async (cwd: string, args: readonly string[]): Promise<string> => {
    const { stdout } = await run('git', [...settings, ...args], { cwd, env });
    return stdout.trim();
  };
  const git: WorkTree['git'] = (...args) => inFolder(tree, args);
  await inFolder(folder, ['clone', '--quiet', remote.url, tree]);
  return {
    git,
    write: (files) => {
      for (const [path, text] of Object.entries(files)) {
        mkdirSync(dirname(join(tree, path)), { recursive: true });
        writeFileSync(join(tree, path), text);
      }
    },
    push: async (...options) => {
      await git('add', '--all');
      await git('commit', '--quiet', '--message', 'Change files');
      await git('push', '--quiet', ...options, 'origin', 'HEAD');
      return git('rev-parse', 'HEAD');
    },
  };
}
