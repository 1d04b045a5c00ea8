import type { Selectable } from 'kysely';
import type { Schema } from '#db/schema.ts';
import { Failure, isFailure } from '#domain/failure.ts';
import { TLS_OFF_HELP, TLS_OFF_WARNING } from '#domain/network.ts';
import type { Remote } from '#domain/remote.ts';
import type { Git } from '#git/context.ts';
import type { Mirror } from '#git/mirror.ts';
import { openMirror } from '#git/mirror.ts';
import { findTracked } from '#git/tracked-ref.ts';
import type { MirrorUpdate } from '#git/update-mirror.ts';
import type { ChooseCommitDeps } from './choose-commit.ts';
import { chooseCommit } from './choose-commit.ts';
import type { OpenSource } from './run.ts';
import type { LogLine, RunLog } from './run-log.ts';
import { markOnline, noteNotFound } from './store.ts';

export interface RemoteSourceDeps extends ChooseCommitDeps {
  readonly git: Git;
  /** Address and access of a repository now. Its URL is vetted anew for every run, since names may point elsewhere meanwhile (SECURITY.md T20). */
  readonly openRemote: (repositoryId: string) => Promise<Remote>;
  /** Throws Failure REPO_REPLACED when another repository is at the address now. */
  readonly confirmIdentity: (repositoryId: string, signal: AbortSignal) => Promise<void>;
  /** Git was told to make fewer requests with the repository's credential; for how many milliseconds none are made. */
  readonly pauseGit: (repositoryId: string) => Promise<number>;
  /** What is to be said of the repository's token while it still works; undefined: nothing. */
  readonly describeToken: (repositoryId: string) => Promise<Pick<LogLine, 'code' | 'message' | 'help'> | undefined>;
  /** How changes are told of, where that is not as it should be; undefined: nothing is to be said of it. */
  readonly describeHook: (repositoryId: string) => Promise<Pick<LogLine, 'level' | 'code' | 'message' | 'help'> | undefined>;
  /** Looks for it elsewhere, gives it its new address and says so in the run's log. Undefined where it was not found. */
  readonly relocate: (
    lost: { readonly repositoryId: string; readonly jobResultId: string },
    signal: AbortSignal,
  ) => Promise<object | undefined>;
}

export type RepositoryRow = Selectable<Schema['repositories']>;

/** Two answers "not found" this far apart are needed to say that a repository is gone. */
const CONFIRM_MS = 60_000;

/**
 * Brings a repository's mirror to what the remote says now and chooses the commit. Says that the remote is online as soon as it is.
 * `expectsChange`: somebody saw a change, so that looking before fetching would be one question too many.
 */
export function openRemoteSource(deps: RemoteSourceDeps, repository: RepositoryRow, expectsChange: boolean): OpenSource {
  return async (log, signal) => {
    const mirror = openMirror(deps.git, { key: repository.id });
    log.beside(warn(deps, repository.id, log));
    const brought = await bring(deps, repository, { mirror, log, signal, expectsChange });
    const chosen = await chooseCommit(deps, { repository, mirror, update: brought, log, signal });
    await markOnline(deps.database, repository.id, chosen);
    if (brought.skipped.length > 0) {
      log.add({
        level: 'warning',
        grouping: 'git',
        code: 'REF_SKIPPED',
        message: `Not taken over, since their names are not safe to handle: ${brought.skipped.slice(0, 10).join(', ')}.`,
      });
    }
    return mirror.at(chosen.commit);
  };
}

/** Every run says so, since nobody looks at tokens and webhooks until something breaks. */
async function warn({ describeToken, describeHook }: RemoteSourceDeps, repositoryId: string, log: RunLog): Promise<void> {
  const trouble = await describeToken(repositoryId);
  if (trouble !== undefined) log.add({ level: 'warning', grouping: 'git', ...trouble });
  const untold = await describeHook(repositoryId);
  if (untold !== undefined) log.add({ grouping: 'git', ...untold });
}

interface Bringing {
  readonly mirror: Mirror;
  readonly log: RunLog;
  readonly signal: AbortSignal;
  readonly expectsChange: boolean;
}

/** From where it is; when it is not there any more, or another is, from where the provider says that it is now. */
async function bring(deps: RemoteSourceDeps, repository: RepositoryRow, bringing: Bringing): Promise<MirrorUpdate> {
  try {
    bringing.log.add({ level: 'info', grouping: 'git', message: `Fetching ${repository.remote_url}.` });
    return await update(deps, repository, bringing);
  } catch (error) {
    if (isFailure(error) && error.code === 'RATE_LIMITED' && error.retryAfterMs === undefined) {
      throw new Failure('RATE_LIMITED', { message: error.message, retryAfterMs: await deps.pauseGit(repository.id), cause: error.cause });
    }
    if (!isFailure(error) || !['REPO_MOVED', 'REPO_NOT_FOUND', 'REPO_REPLACED'].includes(error.code)) throw error;
    await bringing.log.flush();
    const lost = { repositoryId: repository.id, jobResultId: bringing.log.jobResultId };
    const relocated = await deps.relocate(lost, bringing.signal);
    if (relocated === undefined) throw await confirmLoss(deps, repository, error);
    return update(deps, repository, { ...bringing, expectsChange: true });
  }
}

async function update(deps: RemoteSourceDeps, repository: RepositoryRow, bringing: Bringing): Promise<MirrorUpdate> {
  const { mirror, log, signal, expectsChange } = bringing;
  const remote = await deps.openRemote(repository.id);
  if (remote.network?.tlsVerify === false)
    log.add({ level: 'warning', grouping: 'git', code: 'TLS_NOT_VERIFIED', message: TLS_OFF_WARNING, help: TLS_OFF_HELP });
  const request = {
    remote,
    signal,
    lookFirst: !expectsChange,
    onProgress: ({ phase, percent }: { readonly phase: string; readonly percent: number }) =>
      log.progress({ stage: phase, done: percent, total: 100 }),
  };
  if (!expectsChange) {
    const updated = await mirror.update(request);
    if (!isServed(repository, updated)) await deps.confirmIdentity(repository.id, signal);
    return updated;
  }
  // Side by side: the answer of the API is there before a fetch of any size is.
  const [updated, confirmed] = await Promise.allSettled([mirror.update(request), deps.confirmIdentity(repository.id, signal)]);
  if (confirmed.status === 'rejected') throw confirmed.reason;
  if (updated.status === 'rejected') throw updated.reason;
  return updated.value;
}

/** Whose commit is served was confirmed when it was imported. That the mirror has one says nothing: it may have been refused then. */
function isServed({ ref, current_head }: RepositoryRow, { refs, peeled }: MirrorUpdate): boolean {
  const seen = peeled === undefined ? undefined : findTracked({ refs, peeled }, ref);
  return seen?.is === 'at' && seen.commit === current_head;
}

/** One answer may be a fault of the server's. What was imported stays either way. */
async function confirmLoss({ database }: RemoteSourceDeps, repository: RepositoryRow, failure: Failure): Promise<Failure> {
  if (failure.code !== 'REPO_NOT_FOUND') return failure;
  const sinceMs = await noteNotFound(database, repository.id);
  // One that was never seen was mistyped rather than deleted.
  if (repository.seen_ref === null || sinceMs < CONFIRM_MS) return failure;
  return new Failure('REPO_GONE', {
    message: `The repository is gone: the Git server has known none at ${repository.remote_url} for ${Math.round(sinceMs / 1_000)} s, and it was not found elsewhere. What was imported stays served.`,
    cause: failure,
  });
}
