import type { Database } from '#db/database.ts';
import { Failure, isFailure } from '#domain/failure.ts';
import type { CommitId } from '#domain/words.ts';
import type { Mirror } from '#git/mirror.ts';
import { findBranch, findTracked } from '#git/tracked-ref.ts';
import type { MirrorUpdate } from '#git/update-mirror.ts';
import type { RepositoryRow } from './remote-source.ts';
import type { RunLog } from './run-log.ts';
import { followDefaultBranch } from './store.ts';

export interface ChooseCommitDeps {
  readonly database: Database;
  /** The default branch of the remote as a full ref, asked now. */
  readonly askHead: (repositoryId: string, signal: AbortSignal) => Promise<string | undefined>;
}

export interface Choosing {
  readonly repository: RepositoryRow;
  readonly mirror: Mirror;
  readonly update: MirrorUpdate;
  readonly log: RunLog;
  readonly signal: AbortSignal;
}

export interface ChosenCommit {
  readonly commit: CommitId;
  /** The ref that it was found by. */
  readonly ref: string;
  readonly defaultBranch: string | undefined;
}

/** The pinned commit, which must be part of the ref, or the ref's newest. Throws Failure REF_NOT_FOUND, REPO_EMPTY, BRANCH_DELETED. */
export async function chooseCommit(deps: ChooseCommitDeps, choosing: Choosing): Promise<ChosenCommit> {
  const { repository, update, log, signal } = choosing;
  const found = await findHead(deps, choosing);
  // Asked once where no look told it: a later change of it concerns nobody whose branch is still there.
  const told = update.head ?? (repository.default_branch === null ? await deps.askHead(repository.id, signal) : undefined);
  const defaultBranch = told === undefined ? undefined : nameOf(told);
  if (repository.pinned_commit === null) {
    log.beside(noteForce(choosing, found));
    return { ...found, defaultBranch };
  }
  return { ...found, commit: await choosePinned(choosing, repository.pinned_commit, found), defaultBranch };
}

interface Head {
  readonly commit: CommitId;
  readonly ref: string;
}

async function findHead(deps: ChooseCommitDeps, { repository, mirror, update, log, signal }: Choosing): Promise<Head> {
  const { ref } = repository;
  // The mirror has what was listed. A branch is a commit; what a tag points to was told only if the remote was looked at.
  const listed =
    update.peeled === undefined ? findBranch(update.refs, ref) : findTracked({ refs: update.refs, peeled: update.peeled }, ref);
  if (listed.is === 'at') return { commit: listed.commit, ref };
  try {
    return { commit: await mirror.resolve(ref, signal), ref };
  } catch (error) {
    const isAbsent = isFailure(error) && (error.code === 'REF_NOT_FOUND' || error.code === 'REPO_EMPTY');
    if (!isAbsent || repository.seen_ref !== ref) throw error;
    const head = repository.default_branch === ref ? (update.head ?? (await deps.askHead(repository.id, signal))) : undefined;
    const commit = head === undefined ? undefined : update.refs.get(head);
    if (head === undefined || commit === undefined) {
      throw new Failure('BRANCH_DELETED', {
        message: `${ref} is no longer at the remote: it was deleted or renamed. What was imported of it stays served.`,
        cause: error,
      });
    }
    const renamed = nameOf(head);
    await followDefaultBranch(deps.database, repository, renamed);
    log.add({
      level: 'warning',
      grouping: 'git',
      message: `The default branch ${ref} is no longer at the remote, where ${renamed} is the default branch now. It is followed from here on.`,
    });
    return { commit, ref: renamed };
  }
}

function nameOf(head: string): string {
  return head.replace(/^refs\/heads\//, '');
}

async function choosePinned({ mirror, signal }: Choosing, pinnedCommit: string, { commit: head, ref }: Head): Promise<CommitId> {
  const pinned = await mirror.resolve(pinnedCommit, signal);
  if (await mirror.isAncestor(pinned, head, signal)) return pinned;
  throw new Failure('REF_NOT_FOUND', {
    message: `The commit ${pinned} is not part of ${ref}.`,
    help: 'Choose a commit of the ref, or change the ref.',
  });
}

/** A forced push is imported like any other; the log says that history was replaced. */
async function noteForce({ repository, mirror, update, log, signal }: Choosing, { commit, ref }: Head): Promise<void> {
  const before = repository.current_head;
  if (update.how !== 'fetched' || before === '' || before === commit || repository.seen_ref !== ref) return;
  if (await isPartOf(mirror, before, commit, signal)) return;
  log.add({
    level: 'info',
    grouping: 'git',
    message: `${ref} was forced: ${before}, which was imported before, is not part of its history any more.`,
  });
}

async function isPartOf(mirror: Mirror, before: CommitId, after: CommitId, signal: AbortSignal): Promise<boolean> {
  try {
    return await mirror.isAncestor(before, after, signal);
  } catch (error) {
    // Not even here any more.
    if (isFailure(error) && error.code === 'REF_NOT_FOUND') return false;
    throw error;
  }
}
