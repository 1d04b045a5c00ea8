import type { Logger } from 'pino';
import type { WipData } from 'pg-boss';
import type { Database } from '#db/database.ts';
import { Failure } from '#domain/failure.ts';
import { createDrain } from './drain.ts';
import { JOBS, JOB_NAMES } from './jobs.ts';
import type { JobName } from './jobs.ts';

export type Taker = Pick<WipData, 'name' | 'count' | 'createdOn' | 'lastFetchedOn' | 'lastJobStartedOn' | 'lastJobEndedOn' | 'lastErrorOn'>;

export interface TakerWatch {
  readonly database: Pick<Database, 'prepared'>;
  readonly log: Logger;
  readonly takers: () => readonly Taker[];
  /** Told once: nothing here gets the takers going again. */
  readonly giveUp: (failure: Failure) => void;
  /** No taker does anything for this long while there is work that waits as long. */
  readonly stuckAfterMs: number;
}

/** Times in a row that takers are seen to stand still: a process that was stopped, or a machine that slept, wakes with all of them late. */
const LOOKS = 3;
const LOOKS_IN_STUCK_TIME = 6;
const WAITING = {
  name: 'jobs that wait',
  text: `select exists (
    select from pgboss.job where name = $1 and state < 'active' and not blocked and start_after < clock_timestamp() - $2 * interval '1 millisecond'
  ) as waits`,
};

/**
 * Sees to it that a process that takes no more jobs does not live on as if it did (SECURITY.md REL-09): whoever supervises it can only
 * replace one that ends. A taker whose query fails tries again and counts as alive, so an outage of the database is nobody's end; what is
 * noticed is a call that never comes back. Answers with what stops the watch.
 */
export function watchTakers({ database, log, takers, giveUp, stuckAfterMs }: TakerWatch): () => Promise<void> {
  const seen = new Map<JobName, number>();

  async function look(): Promise<void> {
    const still = findStill(takers(), Date.now(), stuckAfterMs);
    for (const name of JOB_NAMES) {
      const looks = still.includes(name) ? (seen.get(name) ?? 0) + 1 : 0;
      seen.set(name, looks);
      if (looks < LOOKS || !(await isWaitedFor(name))) continue;
      giveUp(
        new Failure('WORKER_STUCK', {
          message: `No taker of ${name} has done anything for ${stuckAfterMs / 1_000} s while jobs wait for it.`,
        }),
      );
    }
  }

  async function isWaitedFor(name: JobName): Promise<boolean> {
    try {
      const [row] = await database.prepared<{ readonly waits: boolean }>(WAITING, [name, stuckAfterMs]);
      return row?.waits === true;
    } catch (error) {
      log.warn(
        { err: error, job: name },
        'takers stand still, and the database does not say whether anything waits for them; it is asked again',
      );
      return false;
    }
  }

  return createDrain({ work: look, sweepEveryMs: stuckAfterMs / LOOKS_IN_STUCK_TIME, log }).stop;
}

/** Kinds of jobs none of whose takers has made a step lately. One that works is at it for as long as its job may run. */
export function findStill(takers: readonly Taker[], now: number, stuckAfterMs: number): readonly JobName[] {
  return JOB_NAMES.filter((name) => {
    const own = takers.filter((taker) => taker.name === name);
    return own.length > 0 && own.every((taker) => now - lastStep(taker, name) > stuckAfterMs);
  });
}

function lastStep({ count, createdOn, lastFetchedOn, lastJobStartedOn, lastJobEndedOn, lastErrorOn }: Taker, name: JobName): number {
  const worksUntil = count > 0 ? (lastJobStartedOn ?? createdOn) + JOBS[name].expireSeconds * 1_000 : 0;
  return Math.max(createdOn, worksUntil, lastFetchedOn ?? 0, lastJobEndedOn ?? 0, lastErrorOn ?? 0);
}
