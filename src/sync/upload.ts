import { setTimeout as sleep } from 'node:timers/promises';
import { Failure } from '#domain/failure.ts';
import type { CommitId } from '#domain/words.ts';
import type { Git } from '#git/context.ts';
import { openLocalSource } from '#git/local.ts';
import type { Turn } from '#queue/turn.ts';
import { askForDryRun, askForSync } from '#queue/ask.ts';
import { claimTurn, releaseTurn } from '#queue/turn.ts';
import { reached } from '#steps/reached.ts';
import { dryRun } from './dry-run.ts';
import type { OpenSource, RunDeps } from './run.ts';
import { runTurn } from './run.ts';
import { hasEnded } from './store.ts';
import type { Spool } from './spool.ts';

export interface UploadDeps extends RunDeps {
  readonly git: Git;
  readonly processName: string;
}

/** A folder that was sent here: what it is called, what it holds, and who sent it. */
export interface Upload {
  readonly repositoryId: string;
  readonly userId: string;
  /** The commit that the sender read, or one made from the files' bytes for a folder without Git. */
  readonly commit: CommitId;
  readonly force: boolean;
  readonly dryRun: boolean;
  readonly spool: Spool;
}

/** An upload that runs: its job result can be followed from now on. */
export interface StartedUpload {
  readonly jobResultId: string;
  /** Resolves when the run has ended, however it did. */
  readonly ended: Promise<void>;
}

/** How long to wait for another upload of the same folder, and how often to look. */
const WAIT_MS = 60_000;
const LOOK_EVERY_MS = 100;

/**
 * Imports what was sent, in this process: only here are the files. It takes the repository's turn like any sync, so two at once
 * run one after the other. A run that is cut off ends as failed when a worker takes it up, since the files are gone.
 */
export async function startUpload(deps: UploadDeps, upload: Upload, stopping: AbortSignal): Promise<StartedUpload> {
  const openSource: OpenSource = async (_log, signal) => ({
    ...(await openLocalSource(deps.git, upload.spool.folder, signal)),
    commit: upload.commit,
  });
  if (upload.dryRun) return startDryRun(deps, upload, openSource, stopping);
  const { jobResultId } = await deps.database.transaction((tx) =>
    askForSync(deps.queue, tx, {
      repositoryId: upload.repositoryId,
      reason: 'asked',
      userId: upload.userId,
      force: upload.force,
      here: true,
    }),
  );
  reached('upload.asked');
  const ended = waitForTurn(deps, upload.repositoryId, jobResultId, stopping)
    .then((turn) => (turn === undefined ? undefined : runTurn(deps, turn, openSource, stopping)))
    .finally(upload.spool.discard);
  return { jobResultId, ended };
}

async function startDryRun(deps: UploadDeps, upload: Upload, openSource: OpenSource, stopping: AbortSignal): Promise<StartedUpload> {
  const { jobResultId } = await deps.database.transaction((tx) =>
    askForDryRun(deps.queue, tx, { repositoryId: upload.repositoryId, userId: upload.userId, here: true }),
  );
  const ended = dryRun(deps, jobResultId, () => openSource, deps.processName, stopping).finally(upload.spool.discard);
  return { jobResultId, ended };
}

/** undefined when the run was cancelled before its turn, or was part of another's. */
async function waitForTurn(deps: UploadDeps, repositoryId: string, jobResultId: string, stopping: AbortSignal): Promise<Turn | undefined> {
  for (let waitedMs = 0; waitedMs < WAIT_MS; waitedMs += LOOK_EVERY_MS) {
    const turn = await claimTurn(deps.database, repositoryId, deps.processName);
    if (turn?.jobResult.id !== jobResultId && (await hasEnded(deps.database, jobResultId))) {
      // These files are not what somebody else asked for.
      if (turn !== undefined) await releaseTurn(deps.database, turn);
      return undefined;
    }
    if (turn !== undefined) {
      reached('upload.claimed');
      return turn;
    }
    await sleep(LOOK_EVERY_MS, undefined, { signal: stopping });
  }
  throw new Failure('SUPERSEDED', { message: 'Another import of the folder did not end in time; send it again.' });
}
