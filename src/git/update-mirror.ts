import type { Remote } from '#domain/remote.ts';
import type { CommitId } from '#domain/words.ts';
import { reached } from '#steps/reached.ts';
import { cloneMirror } from './clone.ts';
import { consolidate } from './consolidate.ts';
import type { Git } from './context.ts';
import { isCode, isFileError, toStorageFailure } from './failure.ts';
import type { Transfer } from './fetch.ts';
import { fetchIntoMirror } from './fetch.ts';
import { isDamaged } from './integrity.ts';
import { listRemoteRefs } from './list-remote-refs.ts';
import { withWriterLock } from './lock.ts';
import { mirrorPath, readMark } from './mirror-files.ts';
import { readPackedRefs } from './packed-refs.ts';
import { requireSpace } from './space.ts';
import type { GitProgress } from './progress.ts';

export interface UpdateRequest {
  readonly remote: Remote;
  /** Besides all branches and tags: full refs such as `refs/pull/7/head`. */
  readonly want?: { readonly refs?: readonly string[] } | undefined;
  /** Compares refs before anything is transferred. One question saves the rest where nothing changed, and is one too many where something did. */
  readonly lookFirst?: boolean | undefined;
  readonly signal: AbortSignal;
  readonly onProgress?: ((progress: GitProgress) => void) | undefined;
}

export interface MirrorUpdate {
  readonly how: 'cloned' | 'fetched' | 'unchanged';
  /** The default branch as a full ref, where the remote has one and was looked at first or cloned. */
  readonly head?: string | undefined;
  /** What annotated tags point to, where the remote was looked at first. */
  readonly peeled?: ReadonlyMap<string, CommitId> | undefined;
  /** Branches, tags and wanted refs as the remote has them now, by full ref; a tag's id may be a tag object's. */
  readonly refs: ReadonlyMap<string, CommitId>;
  /** Refs left out because their names are not safe to handle. */
  readonly skipped: readonly string[];
}

/**
 * Makes the mirror equal to the remote, as its only writer. Throws Failure as `listRemoteRefs` does, and REMOTE_CORRUPT (nothing was
 * taken over), TOO_LARGE, STORAGE_FULL. A damaged mirror is made anew, once.
 */
export async function updateMirror(git: Git, key: string, request: UpdateRequest): Promise<MirrorUpdate> {
  const dir = mirrorPath(git, key);
  const seen = request.lookFirst === true ? await look(git, dir, request) : undefined;
  if (seen?.isSame === true) return { how: 'unchanged', ...seen.remote };
  const update = await transferRefs(git, key, dir, request);
  return { ...update, head: update.head ?? seen?.remote.head };
}

async function transferRefs(git: Git, key: string, dir: string, request: UpdateRequest): Promise<MirrorUpdate> {
  return withWriterLock(git, key, request.signal, async (lockFd) => {
    reached('mirror.locked');
    const transfer = { ...request, extraRefs: request.want?.refs ?? [], lockFd };
    try {
      await requireSpace(git.mirrorsDir);
      const update = await fetchOrClone(git, key, dir, transfer);
      reached('mirror.updated');
      return update;
    } catch (error) {
      throw toStorageFailure(error);
    }
  });
}

/** Reads only, so it needs no lock: refs change in one rename. Undefined where a mirror has to be made anyway. */
async function look(git: Git, dir: string, { remote, want, signal }: UpdateRequest) {
  if ((want?.refs ?? []).length > 0 || (await readMark(dir)) === undefined) return undefined;
  const [there, here] = await Promise.all([listRemoteRefs(git, remote, signal), readPackedRefs(dir)]);
  const isSame = there.refs.size === here.size && [...there.refs].every(([ref, id]) => here.get(ref) === id);
  return { remote: there, isSame };
}

async function fetchOrClone(git: Git, key: string, dir: string, transfer: Transfer): Promise<MirrorUpdate> {
  const fetched = (await readMark(dir)) === undefined ? undefined : await tryFetch(git, key, dir, transfer);
  if (fetched !== undefined) return fetched;

  const cloned = await cloneMirror(git, key, dir, transfer);
  // Clone takes branches and tags only.
  const received = transfer.extraRefs.length === 0 ? cloned : await fetchIntoMirror(git, key, dir, transfer);
  return { how: 'cloned', ...received, head: cloned.head };
}

/** Undefined when the mirror turns out to be damaged. */
async function tryFetch(git: Git, key: string, dir: string, transfer: Transfer): Promise<MirrorUpdate | undefined> {
  try {
    const received = await fetchIntoMirror(git, key, dir, transfer);
    await consolidate(git, dir, transfer);
    return { how: 'fetched', ...received };
  } catch (error) {
    if (!(await isOwnDamage(git, dir, error, transfer.signal))) throw error;
    git.log.warn({ mirror: key, err: error }, 'the mirror is damaged and is made anew');
    return undefined;
  }
}

async function isOwnDamage(git: Git, dir: string, error: unknown, signal: AbortSignal): Promise<boolean> {
  // A file of the mirror that should be there and is not.
  if (isFileError(error, 'ENOENT', 'ENOTDIR', 'EISDIR')) return true;
  // Damage of ours looks like damage of the remote's, or like nothing known.
  return isCode(error, 'MIRROR_CORRUPT', 'REMOTE_CORRUPT', 'INTERNAL') && (await isDamaged(git, dir, signal));
}
