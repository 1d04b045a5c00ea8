import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { openMirror } from '#git/mirror.ts';
import { listRemoteRefs } from '#git/list-remote-refs.ts';
import { startGitHttpServer } from '#test/support/git-http-server.ts';
import { newGit, newRepository, noAbort, remoteAt, temporaryFolder } from '#test/support/git-room.ts';

const ACCESS = { username: 'x-access-token', secret: 'sekret-canary-0123456789' };

test('clones, lists, reads, fetches and compares', async () => {
  const root = temporaryFolder();
  const server = await startGitHttpServer({ root, credential: ACCESS });
  onTestFinished(() => server.close());
  const repository = newRepository(root, 'a.git');
  const first = repository.commit({ 'a.txt': 'one', 'dir/b.txt': 'two' });
  const git = await newGit();
  const remote = remoteAt(`${server.url}/a.git`, ACCESS);
  const mirror = openMirror(git, { key: 'r1' });

  const cloned = await mirror.update({ remote, signal: noAbort() });

  expect(cloned).toEqual({ how: 'cloned', refs: new Map([['refs/heads/main', first]]), skipped: [], head: 'refs/heads/main' });
  const listing = await mirror.listFiles(first, { signal: noAbort() });
  expect(listing.files.map(({ path, sizeBytes }) => [path, sizeBytes])).toEqual([
    ['a.txt', 3],
    ['dir/b.txt', 3],
  ]);
  const contents = await Array.fromAsync(mirror.readBlobs(listing.files, noAbort()), ({ bytes }) => Buffer.from(bytes).toString());
  expect(contents).toEqual(['one', 'two']);

  const second = repository.commit({ 'a.txt': 'ONE!', 'c.txt': 'three' });
  const fetched = await mirror.update({ remote, signal: noAbort() });
  expect(fetched).toEqual({ how: 'fetched', refs: new Map([['refs/heads/main', second]]), skipped: [] });
  const difference = await mirror.diffFiles(first, second, { signal: noAbort() });
  expect(difference.changed.map(({ path, sizeBytes }) => [path, sizeBytes])).toEqual([
    ['a.txt', 4],
    ['c.txt', 5],
  ]);
  expect(difference.removed).toEqual(['dir/b.txt']);
  expect(await mirror.resolve('main', noAbort())).toBe(second);
  expect(await mirror.resolve(first.slice(0, 9), noAbort())).toBe(first);
  expect(await mirror.isAncestor(first, second, noAbort())).toBe(true);
  expect(await mirror.isAncestor(second, first, noAbort())).toBe(false);
  expect((await listRemoteRefs(git, remote, noAbort())).head).toBe('refs/heads/main');
  expect(join(git.mirrorsDir)).toContain('mirrors');
});
