import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { getPriority, tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { openMirror } from '#git/mirror.ts';
import type { GitHttpServer } from '#test/support/git-http-server.ts';
import { startGitHttpServer } from '#test/support/git-http-server.ts';
import { newGit, newRepository, noAbort, remoteAt, temporaryFolder } from '#test/support/git-room.ts';
import { PATIENCE } from '#test/support/patience.ts';

vi.setConfig(PATIENCE);
let root: string;
let server: GitHttpServer;

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'tributary-priority-'));
  server = await startGitHttpServer({ root });
});
afterAll(async () => {
  await server.close();
  rmSync(root, { recursive: true, force: true });
});

test('what takes in or lists a whole repository gives way to others, and what a push asks for does not', async () => {
  const signal = noAbort();
  const folder = temporaryFolder();
  const calls = join(folder, 'calls');
  writeFileSync(join(folder, 'git'), `#!/bin/sh\necho "$(nice) $*" >>'${calls}'\nexec /usr/bin/git "$@"\n`, { mode: 0o755 });
  const git = await newGit({ searchPath: [folder, '/usr/bin', '/bin'].join(delimiter) });
  const repository = newRepository(root, 'priority.git');
  const remote = remoteAt(`${server.url}/priority.git`);
  const mirror = openMirror(git, { key: 'priority' });

  const commit = repository.commit({ 'a/b.json': '{}' });
  await mirror.update({ remote, signal });
  await mirror.visitFiles(commit, { signal }, () => undefined);
  repository.commit({ 'a/c.json': '{}' });
  await mirror.update({ remote, signal });
  await mirror.listFiles(commit, { prefix: 'a', signal });

  const lines = readFileSync(calls, 'utf8').split('\n');
  const above = (command: RegExp): readonly number[] =>
    lines.filter((line) => command.test(line)).map((line) => Number(line.split(' ')[0]) - getPriority());
  expect(above(/ clone --bare/)).toEqual([5]);
  expect(above(/ fetch /)).toEqual([0]);
  expect(above(/ ls-tree /)).toEqual([5, 0]);
});
