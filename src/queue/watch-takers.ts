import type { Logger } from 'pino';
import type { WipData } from 'pg-boss';
import type { Database } from '#db/database.ts';
import { Failure } from '#domain/failure.ts';
import { createDrain } from './drain.ts';
import { JOBS, JOB_NAMES } from './jobs.ts';
import type { JobName } from './jobs.ts';

export type Taker = Pick<WipData, 'name' | 'count' | 'createdOn' | 'lastFetchedOn' | 'lastJobStartedOn' | 'lastJobEndedOn'>;

export interface TakerWatch {
  readonly database: Pick<Database, 'prepared'>;
  readonly log: Logger;
  readonly takers: () => readonly Taker[];
  /** Told once: nothing here gets the takers going again. */
  readonly giveUp: (failure: Failure) => void;
  /** No taker does anything for this long while there is work that waits as long. */
  readonly stuckAfterMs: number;
}

/**
 * Times in a row that takers are seen to stand still while the database says that they are waited for. After an outage, or in a process that was
 * stopped, all of them are late, and each has found work long before the last look.
 */
const LOOKS = 4;
const LOOKS_IN_STUCK_TIME = 6;
const WAITING = {
  name: 'jobs that wait',
  text: `select exists (
    select from pgboss.job where name = $1 and state < 'active' and not blocked and start_after < clock_timestamp() - $2 * interval '1 millisecond'
  ) as waits`,
};

/**
 * Sees to it that a process that takes no more jobs does not live on as if it did (SECURITY.md REL-09): whoever supervises it can only
 * replace one that ends. The watch asks on other connections than takers do: while those get no answer either, the database is away, which
 * is nobody's end. What is noticed is a call that never comes back, and a pool that has no connection left because of such. Answers with what
 * stops the watch.
 */
export function watchTakers({ database, log, takers, giveUp, stuckAfterMs }: TakerWatch): () => Promise<void> {
  const seen = new Map<JobName, number>();

  async function look(): Promise<void> {
    const still = findStill(takers(), Date.now(), stuckAfterMs);
    for (const name of JOB_NAMES) {
      const looks = still.includes(name) && (await isWaitedFor(name)) ? (seen.get(name) ?? 0) + 1 : 0;
      seen.set(name, looks);
      if (looks !== LOOKS) continue;
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

/** Kinds of jobs none of whose takers has been answered lately. One that works is at it for as long as its job may run. */
export function findStill(takers: readonly Taker[], now: number, stuckAfterMs: number): readonly JobName[] {
  return JOB_NAMES.filter((name) => {
    const own = takers.filter((taker) => taker.name === name);
    return own.length > 0 && own.every((taker) => now - lastStep(taker, name) > stuckAfterMs);
  });
}

function lastStep({ count, createdOn, lastFetchedOn, lastJobStartedOn, lastJobEndedOn }: Taker, name: JobName): number {
  const worksUntil = count > 0 ? (lastJobStartedOn ?? createdOn) + JOBS[name].expireSeconds * 1_000 : 0;
  return Math.max(createdOn, worksUntil, lastFetchedOn ?? 0, lastJobEndedOn ?? 0);
}
