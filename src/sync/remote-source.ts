import type { Selectable } from 'kysely';
import type { Database } from '#db/database.ts';
import type { Schema } from '#db/schema.ts';
import { Failure } from '#domain/failure.ts';
import type { Remote } from '#domain/remote.ts';
import type { CommitId } from '#domain/words.ts';
import type { Git } from '#git/context.ts';
import { listRemoteRefs } from '#git/list-remote-refs.ts';
import type { Mirror } from '#git/mirror.ts';
import { openMirror } from '#git/mirror.ts';
import type { OpenSource } from './run.ts';
import { markOnline } from './store.ts';

export interface RemoteSourceDeps {
  readonly database: Database;
  readonly git: Git;
  /** Address and access of a repository now. Its URL is vetted anew for every run, since names may point elsewhere meanwhile (SECURITY.md T20). */
  readonly openRemote: (repository: RepositoryRow) => Promise<Remote>;
}

export type RepositoryRow = Selectable<Schema['repositories']>;

/** Brings a repository's mirror to what the remote says now and chooses the commit. Says that the remote is online as soon as it is. */
export function openRemoteSource(deps: RemoteSourceDeps, repository: RepositoryRow): OpenSource {
  return async (log, signal) => {
    const remote = await deps.openRemote(repository);
    const mirror = openMirror(deps.git, { key: repository.id });
    log.add({ level: 'info', grouping: 'git', message: `Fetching ${repository.remote_url}.` });
    const update = await mirror.update({
      remote,
      signal,
      onProgress: ({ phase, percent }) => log.progress({ stage: phase, done: percent, total: 100 }),
    });
    // Asked once: a later change of it concerns nobody who follows a ref by name.
    const defaultBranch = repository.default_branch ?? (await listRemoteRefs(deps.git, remote, signal)).head?.replace(/^refs\/heads\//, '');
    await markOnline(deps.database, repository.id, { defaultBranch });
    if (update.skipped.length > 0) {
      log.add({
        level: 'warning',
        grouping: 'git',
        code: 'REF_SKIPPED',
        message: `Not taken over, since their names are not safe to handle: ${update.skipped.slice(0, 10).join(', ')}.`,
      });
    }
    return mirror.at(await chooseCommit(mirror, repository, signal));
  };
}

/** The pinned commit, which must be part of the ref, or the ref's newest. */
async function chooseCommit(mirror: Mirror, repository: RepositoryRow, signal: AbortSignal): Promise<CommitId> {
  const head = await mirror.resolve(repository.ref, signal);
  if (repository.pinned_commit === null) return head;
  const pinned = await mirror.resolve(repository.pinned_commit, signal);
  if (await mirror.isAncestor(pinned, head, signal)) return pinned;
  throw new Failure('REF_NOT_FOUND', {
    message: `The commit ${pinned} is not part of ${repository.ref}.`,
    help: 'Choose a commit of the ref, or change the ref.',
  });
}
