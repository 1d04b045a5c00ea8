import type { Db, PgBoss } from 'pg-boss';

type Takers = Pick<PgBoss, 'getWipData' | 'notifyWorker'>;

/** Until then a poll every few seconds makes a difference. */
const SOON_MS = 30_000;
/** Timers count whole milliseconds, the database does not. */
const TIMER_ERROR_MS = 2;

export interface TakerWaker {
  /** Wakes one idle taker of a queue; where all are busy, tells all of them to look again when they are done. */
  readonly wake: (queue: string) => void;
  /** Does so after so many milliseconds, if that is soon: the poll is soon enough for what waits longer. Keeps no process alive. */
  readonly wakeIn: (queue: string, afterMs: number) => void;
  /** pg-boss's database, with notifications that wake one taker instead of all of them. */
  readonly wrap: (database: Db) => Db;
  /** Known only after the database: pg-boss is made with it. */
  readonly attach: (boss: Takers) => void;
}

/**
 * pg-boss wakes every taker of a queue for one job: with eight, seven fetches in front of and around the one that finds it took as
 * long as all the rest of the pick-up. One is woken here. No job is left lying: a taker that got one wakes the next before it works
 * (`wake` in the handler), so takers are woken for as long as there are jobs, and the poll finds what any of this misses.
 */
export function createTakerWaker(): TakerWaker {
  let attached: Takers | undefined;

  function wake(queue: string): void {
    const takers = (attached?.getWipData() ?? []).filter(({ name }) => name === queue);
    const idle = takers.find(({ count, state }) => count === 0 && state === 'active');
    for (const taker of idle === undefined ? takers : [idle]) attached?.notifyWorker(taker.id);
  }

  return {
    wake,
    wakeIn: (queue, afterMs) => {
      if (afterMs <= SOON_MS) setTimeout(wake, afterMs + TIMER_ERROR_MS, queue).unref();
    },
    wrap: (database) => {
      const listen = database.listen?.bind(database);
      if (listen === undefined) return database;
      return { ...database, listen: (channel, _onNotification, onReconnect) => listen(channel, wake, onReconnect) };
    },
    attach: (boss) => {
      attached = boss;
    },
  };
}
