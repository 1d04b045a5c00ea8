import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { Git } from '#git/context.ts';
import { createGit } from '#git/git.ts';
import type { GitOptions } from '#git/git.ts';
import type { Remote } from '#domain/remote.ts';
import type { GitAccess } from '#domain/words.ts';

export const LIMITS = { maxEntries: 500_000, maxBlobBytes: 2 * 1024 * 1024, maxImportBytes: 2 ** 31, maxPackBytes: 2 ** 31 };

/** A folder that is gone after the test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'tributary-git-'));
  onTestFinished(() => {
    // HOME of Git is read-only.
    execFileSync('chmod', ['-R', 'u+w', folder]);
    rmSync(folder, { recursive: true, force: true });
  });
  return folder;
}

export async function newGit(options: Partial<GitOptions> = {}): Promise<Git> {
  return createGit({ dataDir: join(temporaryFolder(), 'data'), limits: LIMITS, timeoutMs: 20_000, ...options });
}

export function remoteAt(url: string, access?: GitAccess): Remote {
  return { url, access, pinned: undefined, plainHttp: true };
}

export function noAbort(): AbortSignal {
  return new AbortController().signal;
}

/** A bare repository to be served, written to with plumbing: no work tree, any content. */
export interface ServedRepository {
  readonly dir: string;
  git(args: readonly string[], input?: string | Buffer): string;
  /** Commits exactly these files on a branch, `undefined` content keeps out; returns the commit. */
  commit(files: Readonly<Record<string, string | Buffer>>, options?: { readonly branch?: string; readonly message?: string }): string;
  /** A tree from `ls-tree` lines. */
  tree(lines: readonly string[]): string;
  commitTree(tree: string, options?: { readonly branch?: string; readonly message?: string; readonly parents?: readonly string[] }): string;
  blob(content: string | Buffer): string;
}

export function newRepository(root: string, name: string, objectFormat: 'sha1' | 'sha256' = 'sha1'): ServedRepository {
  const dir = join(root, name);
  mkdirSync(root, { recursive: true });
  const env = {
    PATH: process.env['PATH'] ?? '',
    HOME: root,
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_AUTHOR_NAME: 'A U Thor',
    GIT_AUTHOR_EMAIL: 'author@example.com',
    GIT_COMMITTER_NAME: 'A U Thor',
    GIT_COMMITTER_EMAIL: 'author@example.com',
    GIT_AUTHOR_DATE: '2026-01-02T03:04:05Z',
    GIT_COMMITTER_DATE: '2026-01-02T03:04:05Z',
  };
  const git = (args: readonly string[], input?: string | Buffer): string =>
    execFileSync('git', ['-C', dir, ...args], { env, input: input ?? '', encoding: 'utf8', stdio: ['pipe', 'pipe', 'pipe'] }).trim();
  execFileSync('git', ['init', '-q', '--bare', '-b', 'main', `--object-format=${objectFormat}`, dir], { env });
  const repository: ServedRepository = {
    dir,
    git,
    blob: (content) => git(['hash-object', '-w', '--stdin'], content),
    tree: (lines) => git(['mktree', '--missing'], lines.map((line) => `${line}\n`).join('')),
    commit(files, options) {
      const index = join(dir, 'index.tmp');
      rmSync(index, { force: true });
      const lines = Object.entries(files).map(([path, content]) => `100644 ${repository.blob(content)}\t${path}\n`);
      const indexEnv = { ...env, GIT_INDEX_FILE: index };
      execFileSync('git', ['-C', dir, 'update-index', '--add', '--index-info'], { env: indexEnv, input: lines.join('') });
      const tree = execFileSync('git', ['-C', dir, 'write-tree'], { env: indexEnv, encoding: 'utf8' }).trim();
      return repository.commitTree(tree, options);
    },
    commitTree(tree, { branch = 'main', message = 'change', parents } = {}) {
      const ref = `refs/heads/${branch}`;
      const tip = git(['for-each-ref', '--format=%(objectname)', ref]);
      const from = parents ?? (tip === '' ? [] : [tip]);
      const commit = git(['commit-tree', tree, '-m', message, ...from.flatMap((parent) => ['-p', parent])]);
      git(['update-ref', ref, commit]);
      return commit;
    },
  };
  return repository;
}

/** A `git` in front of the real one that writes down what it was called with. Returns the search path to find it under. */
export function recordingGit(log: string): string {
  const folder = join(dirname(log), 'recording');
  mkdirSync(folder);
  const file = join(folder, 'git');
  const real = execFileSync('sh', ['-c', 'command -v git'], { encoding: 'utf8' }).trim();
  writeFileSync(
    file,
    `#!/bin/sh\n{ for a in "$@"; do printf '%s\\0' "arg:$a"; done; env -0 | sed -z 's/^/env:/'; printf '\\n'; } >>'${log}'\nexec '${real}' "$@"\n`,
  );
  chmodSync(file, 0o755);
  return folder;
}
