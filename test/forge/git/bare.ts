import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readGit } from './run.ts';

/** Set to a file's name, makes a push write its `old new ref` lines there: exact also when two pushes overlap. */
export const PUSH_RECORD = 'FORGE_PUSH_RECORD';

/**
 * What the providers' servers allow and refuse: partial clones and any commit by id, no writes to the heads of pull requests, broken objects
 * turned away. `refs/forge` is where a commit lives while it is made.
 */
const CONFIG = `[core]
\trepositoryformatversion = 0
\tbare = true
\tfsync = none
[gc]
\tauto = 0
[receive]
\tfsckObjects = true
\tautogc = false
\thideRefs = refs/pull
\thideRefs = refs/merge-requests
[transfer]
\thideRefs = refs/forge
[uploadpack]
\tallowFilter = true
\tallowTipSHA1InWant = true
\tallowReachableSHA1InWant = true
[http]
\treceivepack = true
`;

/** Makes an empty bare repository. Written by hand, as `git init` costs more than the rest of a small test's set-up. */
export function createBare(dir: string, defaultBranch: string, hooksDir: string): void {
  for (const folder of ['objects/info', 'objects/pack', 'refs/heads', 'refs/tags']) mkdirSync(join(dir, folder), { recursive: true });
  writeFileSync(join(dir, 'HEAD'), `ref: refs/heads/${defaultBranch}\n`);
  writeFileSync(join(dir, 'config'), `${CONFIG}[core]\n\thooksPath = ${JSON.stringify(hooksDir)}\n`);
}

/** The hooks that all repositories share. */
export function createHooksDir(dir: string): void {
  mkdirSync(dir, { recursive: true });
  const file = join(dir, 'post-receive');
  writeFileSync(file, `#!/bin/sh\nif [ -n "$${PUSH_RECORD}" ]; then cat >>"$${PUSH_RECORD}"; else cat >/dev/null; fi\n`);
  chmodSync(file, 0o755);
}

export async function setDefaultBranch(dir: string, branch: string): Promise<void> {
  await readGit(dir, ['symbolic-ref', 'HEAD', `refs/heads/${branch}`]);
}
