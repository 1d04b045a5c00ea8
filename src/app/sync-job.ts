import type { Database } from '#db/database.ts';
import type { JobPayloads } from '#queue/jobs.ts';
import type { DueSync } from '#queue/put-off.ts';
import { findDueSync, putOff, recall } from '#queue/put-off.ts';
import type { JobSender } from '#queue/queue.ts';
import type { Turn } from '#queue/turn.ts';
import { claimTurn } from '#queue/turn.ts';
import type { AwaitRemote } from '#sync/places.ts';
import { createPlaces } from '#sync/places.ts';

export interface SyncJobDeps {
  readonly database: Database;
  readonly queue: JobSender;
  readonly log: SyncLog;
  readonly processName: string;
  /** Runs that work at once in this process: as many as take jobs. */
  readonly places: number;
  readonly runTurn: (turn: Turn, awaitRemote: AwaitRemote) => Promise<void>;
}

interface SyncLog {
  info(detail: object, message: string): void;
  warn(detail: object, message: string): void;
}

export interface SyncJob {
  /** Ends with the run, or when that waits for its remote: it goes on under its turn then, and needs no job. */
  readonly handle: (payload: JobPayloads['sync-repository']) => Promise<void>;
  /** Waits for the runs that go on without a job, for at most so long. */
  readonly settled: (withinMs: number) => Promise<void>;
}

/** A fetch of a few commits takes less, so most runs never leave their place; and nobody waits longer for one that hangs. */
const PATIENCE_MS = 500;
/** Each that waits keeps two or three small processes, so that 32 are some 200 MB at the default of eight places. */
const AWAY_PER_PLACE = 4;
/** Repositories that are remembered in order to be recalled; the sweep finds the others. */
const MOST_REMEMBERED = 1_000;

/**
 * Gives each sync its place, and those of a host that has enough of them waiting none: they are put off, and recalled one by one as the
 * host answers. However many repositories of a host hang, others find places.
 */
export function createSyncJob({ database, queue, log, processName, places, runTurn }: SyncJobDeps): SyncJob {
  const putOffByHost = new Map<string, Map<string, Promise<string>>>();
  const { take, room, settled } = createPlaces({ places, mostAway: places * AWAY_PER_PLACE, patienceMs: PATIENCE_MS, left: recallSome });

  async function sync(repositoryId: string, awaitRemote: AwaitRemote): Promise<void> {
    const turn = await claimTurn(database, repositoryId, processName);
    if (turn !== undefined) await runTurn(turn, awaitRemote);
  }

  async function later(due: DueSync): Promise<void> {
    const { host, repositoryId } = due;
    const waiting = putOffByHost.get(host) ?? new Map<string, Promise<string>>();
    const written = putOff(database, due);
    if (waiting.size < MOST_REMEMBERED) waiting.set(repositoryId, written);
    putOffByHost.set(host, waiting);
    log.info({ repositoryId, host }, 'a sync is put off: as many runs as may be wait for this host already');
    await written;
  }

  function recallSome(host: string): void {
    const waiting = putOffByHost.get(host);
    if (waiting === undefined) return;
    for (const [repositoryId, written] of [...waiting].slice(0, room(host))) {
      waiting.delete(repositoryId);
      void written
        .then((until) => recall(queue, database, repositoryId, until))
        .catch((error: unknown) =>
          log.warn({ err: error, repositoryId }, 'a sync that was put off could not be recalled; the sweep finds it'),
        );
    }
    if (waiting.size === 0) putOffByHost.delete(host);
  }

  return {
    settled,
    async handle({ repositoryId }) {
      const due = await findDueSync(database, repositoryId);
      if (due === undefined) return;
      const taken = take(due.host, (awaitRemote) => sync(repositoryId, awaitRemote));
      if (taken === undefined) return later(due);
      putOffByHost.get(due.host)?.delete(repositoryId);
      await taken;
    },
  };
}
