import { writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { expect, test } from 'vitest';
import { requireSafeGit } from '#app/safe-git.ts';
import type { Git } from '#git/context.ts';
import { newGit, temporaryFolder } from '#test/support/git-room.ts';

const REAL = '/usr/bin/git';

/** Git as a machine might have it: a program of this text, found before the real one. */
async function gitThat(does: string): Promise<Git> {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'git'), `#!/bin/sh\n${does}\n`, { mode: 0o755 });
  return newGit({ searchPath: [folder, '/usr/bin', '/bin'].join(delimiter) });
}

test('a Git that keeps every protection is taken, and its version told', async () => {
  expect(await requireSafeGit(await newGit())).toMatch(/^\d+\.\d+/);
});

test.each([
  ['is too old', `[ "$1" = version ] && { echo git version 2.30.2; exit; }; exec ${REAL} "$@"`, /2\.30\.2 is too old/],
  ['reads local repositories', `exec env -u GIT_ALLOW_PROTOCOL ${REAL} -c protocol.allow=always "$@"`, /reads local repositories/],
  ['takes a secret from a URL', `exec ${REAL} -c transfer.credentialsInUrl=allow "$@"`, /takes a credential from a URL/],
])('a Git that %s keeps the service from starting, with the reason', async (_what, does, reason) => {
  await expect(requireSafeGit(await gitThat(does))).rejects.toMatchObject({ code: 'GIT_UNUSABLE', message: expect.stringMatching(reason) });
});
