import type { PgBoss } from 'pg-boss';
import { fromKysely } from 'pg-boss';
import type { Logger } from 'pino';
import type { Database } from '#db/database.ts';
import type { JobName } from './jobs.ts';
import { JOB_NAMES } from './jobs.ts';
import type { Unreadable } from './payload.ts';
import { PAYLOAD_VERSION } from './payload.ts';

/** During a rolling deployment a job may be parked by an old process after every new one has looked. */
const UNPARK_EVERY_MS = 30_000;

/** Queues that nobody works on: what was tried in vain or cannot be read, and what waits for a process that understands it. */
export function asideOf(name: JobName): Readonly<Record<Unreadable, string>> {
  return { dead: `${name}.dead`, parked: `${name}.parked` };
}

/**
 * Sets a job aside whose payload cannot be read: trying it would fail, and failing it would lose it. One of another version is
 * taken up by a process that knows it, after an update or after the way back from one.
 */
export async function setAside(boss: PgBoss, database: Database, queue: string, data: object): Promise<void> {
  await database.transaction((tx) => boss.send(queue, data, { db: fromKysely(tx.kysely) }));
}

/** Puts parked jobs that this code understands back into their queues, now and from time to time; answers with what stops it. */
export async function keepUnparking(boss: PgBoss, log: Logger): Promise<() => void> {
  const unpark = async (): Promise<void> => {
    try {
      for (const name of JOB_NAMES) {
        const moved = await boss.redrive(asideOf(name).parked, { destination: name, data: { v: PAYLOAD_VERSION } });
        if (moved > 0) log.info({ job: name, moved }, 'jobs that were parked are taken up');
      }
    } catch (error) {
      log.warn({ err: error }, 'parked jobs could not be looked at');
    }
  };
  await unpark();
  const timer = setInterval(() => void unpark(), UNPARK_EVERY_MS).unref();
  return () => clearInterval(timer);
}
