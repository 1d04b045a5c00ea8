import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

export interface WorkTree {
  readonly folder: string;
  /** Writes the files, commits them and pushes. The commit's id. */
  readonly push: (message: string, files: Readonly<Record<string, string>>) => Promise<string>;
  readonly remove: () => void;
}

export interface Remote {
  readonly url: string;
  readonly username: string;
  readonly password: string;
}

const run = promisify(execFile);

/** A clone as a developer has it, made and pushed with the machine's own Git. */
export async function cloneWorkTree(remote: Remote): Promise<WorkTree> {
  const folder = mkdtempSync(join(tmpdir(), 'tributary-demo-work-'));
  // The password goes through the environment of this one call, never into an argument or a file.
  const env = {
    PATH: process.env['PATH'],
    HOME: folder,
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_TERMINAL_PROMPT: '0',
    GIT_AUTHOR_NAME: 'Ana',
    GIT_AUTHOR_EMAIL: 'ana@example.com',
    GIT_COMMITTER_NAME: 'Ana',
    GIT_COMMITTER_EMAIL: 'ana@example.com',
    DEMO_USERNAME: remote.username,
    DEMO_PASSWORD: remote.password,
  };
  const helper = '!f() { echo "username=$DEMO_USERNAME"; echo "password=$DEMO_PASSWORD"; }; f';
  const tree = join(folder, 'tree');
  const git = async (...args: readonly string[]): Promise<string> => {
    const { stdout } = await run('git', ['-c', `credential.helper=${helper}`, ...args], { cwd: folder, env });
    return stdout.trim();
  };
  await git('clone', '--quiet', remote.url, tree);
  return {
    folder: tree,
    push: async (message, files) => {
      for (const [path, text] of Object.entries(files)) {
        mkdirSync(dirname(join(tree, path)), { recursive: true });
        writeFileSync(join(tree, path), text);
      }
      await git('-C', tree, 'add', '--all');
      await git('-C', tree, 'commit', '--quiet', '--message', message);
      await git('-C', tree, 'push', '--quiet', 'origin', 'HEAD');
      return git('-C', tree, 'rev-parse', 'HEAD');
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
