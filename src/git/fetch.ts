import { copyFile, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Remote } from '#domain/remote.ts';
import type { CommitId } from '#domain/words.ts';
import { reached } from '#steps/reached.ts';
import type { Git } from './context.ts';
import { tooLarge } from './failure.ts';
import { measurePacks, readObjectFormat, temporaryPath, writeConfig, writeSkeleton } from './mirror-files.ts';
import { readAllRefs, syncFolder, writePackedRefs } from './packed-refs.ts';
import type { GitProgress } from './progress.ts';
import { createProgressReader } from './progress.ts';
import { isSafeRef } from './ref-name.ts';
import { readRemote } from './remote-call.ts';

export interface Transfer {
  readonly remote: Remote;
  /** Full refs or patterns (`refs/pull/7/head`) to take over besides all branches and tags. */
  readonly extraRefs: readonly string[];
  readonly signal: AbortSignal;
  readonly lockFd: number;
  readonly onProgress?: ((progress: GitProgress) => void) | undefined;
}

/** Refs that a transfer brought. */
export interface ReceivedRefs {
  readonly refs: ReadonlyMap<string, CommitId>;
  /** Names that are not taken over because they are not safe to handle. */
  readonly skipped: readonly string[];
}

/**
 * Brings a complete mirror up to what the remote has now. Git does not quarantine what it fetches, so it fetches into a scratch
 * repository that borrows the mirror's objects; what passed fsck and the connectivity check is moved over, packs before refs.
 * A crash at any point leaves the mirror as it was, or with a pack that nothing names yet.
 */
export async function fetchIntoMirror(git: Git, key: string, dir: string, transfer: Transfer): Promise<ReceivedRefs> {
  const scratch = temporaryPath(git, key);
  try {
    const format = await readObjectFormat(dir);
    // Written anew before each use, as it decides what Git does in the mirror.
    await writeConfig(dir, format);
    await writeSkeleton(scratch, format, join(dir, 'objects'));
    await copyFile(join(dir, 'packed-refs'), join(scratch, 'packed-refs'));
    await fetchRefs(git, scratch, transfer);
    reached('fetch.received');
    const received = await listReceivedRefs(git, scratch, transfer.extraRefs);
    await promotePacks(git, scratch, dir);
    reached('fetch.packs-promoted');
    await writePackedRefs(dir, received.refs);
    reached('fetch.refs-written');
    return received;
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** Branches, tags and wanted refs of a repository that was just fetched or cloned. */
export async function listReceivedRefs(git: Git, gitDir: string, extraRefs: readonly string[]): Promise<ReceivedRefs> {
  const refs = new Map<string, CommitId>();
  const skipped: string[] = [];
  for (const [ref, id] of await readAllRefs(gitDir)) {
    if (!isWanted(ref, extraRefs)) continue;
    if (refs.size + skipped.length >= git.limits.maxEntries) {
      throw tooLarge('The repository has too many refs', 'TRIBUTARY_MAX_ENTRIES', git.limits.maxEntries);
    }
    if (isSafeRef(ref)) refs.set(ref, id);
    else skipped.push(ref);
  }
  return { refs, skipped };
}

async function fetchRefs(git: Git, scratch: string, { remote, extraRefs, signal, lockFd, onProgress }: Transfer): Promise<void> {
  const refs = ['refs/heads/*', 'refs/tags/*', ...extraRefs];
  const args = [
    'fetch',
    ...(onProgress === undefined ? ['--quiet'] : ['--progress']),
    // Prunes before it updates, so `feature` makes way for `feature/x`.
    '--prune',
    // All tags are asked for by name; those that merely point into what is fetched come with them.
    '--no-tags',
    '--force',
    '--no-recurse-submodules',
    '--no-write-fetch-head',
    '--no-auto-maintenance',
    '--end-of-options',
    remote.url,
    ...refs.map((ref) => `+${ref}:${ref}`),
  ];
  const onStderr = onProgress === undefined ? undefined : createProgressReader(onProgress);
  for await (const _ of readRemote(git, remote, { args, gitDir: scratch, signal, lockFd, onStderr })) {
    // Fetch says everything on stderr.
  }
}

/** Git reads a pack once its index is there, so the index goes last. */
async function promotePacks(git: Git, scratch: string, dir: string): Promise<void> {
  const [received, present] = await Promise.all([measurePacks(scratch), measurePacks(dir)]);
  if (received.packs === 0) return;
  if (received.bytes + present.bytes > git.limits.maxPackBytes) {
    throw tooLarge('The history of the repository is too large', 'TRIBUTARY_MAX_PACK_BYTES', git.limits.maxPackBytes);
  }
  const from = join(scratch, 'objects', 'pack');
  const to = join(dir, 'objects', 'pack');
  const names = (await readdir(from)).filter((name) => /^pack-[0-9a-f]+\.(?:pack|rev|idx)$/.test(name));
  const lastIndex = names.toSorted((a, b) => Number(a.endsWith('.idx')) - Number(b.endsWith('.idx')));
  for (const name of lastIndex) {
    if (name.endsWith('.idx')) reached('fetch.pack-without-index');
    await rename(join(from, name), join(to, name));
  }
  await syncFolder(to);
}

function isWanted(ref: string, extraRefs: readonly string[]): boolean {
  return /^refs\/(?:heads|tags)\//.test(ref) || extraRefs.some((extra) => matches(extra, ref));
}

function matches(pattern: string, ref: string): boolean {
  const star = pattern.indexOf('*');
  if (star === -1) return pattern === ref;
  return ref.length >= pattern.length && ref.startsWith(pattern.slice(0, star)) && ref.endsWith(pattern.slice(star + 1));
}
