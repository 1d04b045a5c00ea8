import { mkdir, readFile, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Git } from './context.ts';
import type { ReceivedRefs, Transfer } from './fetch.ts';
import { listReceivedRefs } from './fetch.ts';
import { discard, measurePacks, readObjectFormat, temporaryPath, writeConfig, writeMark } from './mirror-files.ts';
import { syncFolder, writePackedRefs } from './packed-refs.ts';
import { isSafeRef } from './ref-name.ts';
import { createProgressReader } from './progress.ts';
import { readRemote } from './remote-call.ts';
import { reached } from '#steps/reached.ts';

/**
 * Makes a mirror from nothing. It is cloned beside its place, reduced to what we want of it, marked complete, and only then
 * renamed into place; what stood there serves readers until that moment.
 */
export async function cloneMirror(
  git: Git,
  key: string,
  dir: string,
  transfer: Transfer,
): Promise<ReceivedRefs & { readonly head: string | undefined }> {
  const draft = temporaryPath(git, key);
  try {
    await clone(git, draft, transfer);
    reached('clone.received');
    const received = await listReceivedRefs(git, draft, []);
    const head = await readHead(draft);
    await reduce(draft);
    reached('clone.reduced');
    await writePackedRefs(draft, received.refs);
    reached('clone.refs-written');
    await writeMark(draft, { packedBytes: (await measurePacks(draft)).bytes });
    reached('clone.marked');
    await discard(git, key, dir);
    reached('clone.old-gone');
    await rename(draft, dir);
    await syncFolder(git.mirrorsDir);
    reached('clone.promoted');
    return { ...received, head: head !== undefined && received.refs.has(head) ? head : undefined };
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

/** All branches and tags. Unlike fetch, clone has index-pack check connectivity on the way: no second walk of the history. */
async function clone(git: Git, draft: string, { remote, signal, lockFd, onProgress }: Transfer): Promise<void> {
  const args = [
    'clone',
    '--bare',
    '--reject-shallow',
    ...(onProgress === undefined ? ['--quiet'] : ['--progress']),
    '--end-of-options',
    remote.url,
    draft,
  ];
  const onStderr = onProgress === undefined ? undefined : createProgressReader(onProgress);
  const call = { args, gitDir: undefined, signal, lockFd, onStderr, isBackground: true };
  for await (const _ of readRemote(git, remote, call)) {
    // Clone says everything on stderr.
  }
}

/** The default branch, which Git makes HEAD of a clone; undefined where the remote's HEAD is detached. */
async function readHead(draft: string): Promise<string | undefined> {
  const ref = /^ref: (refs\/heads\/.+)\n$/.exec(await readFile(join(draft, 'HEAD'), 'utf8'))?.[1];
  return ref !== undefined && isSafeRef(ref) ? ref : undefined;
}

/** Leaves objects, and nothing else that Git wrote: configuration, HEAD, loose refs and logs are not needed or not ours. */
async function reduce(draft: string): Promise<void> {
  const format = await readObjectFormat(draft);
  const others = (await readdir(draft)).filter((name) => name !== 'objects');
  await Promise.all(others.map((name) => rm(join(draft, name), { recursive: true, force: true })));
  // Git takes no folder without `refs` for a repository.
  await mkdir(join(draft, 'refs'), { mode: 0o700 });
  await writeConfig(draft, format);
}
