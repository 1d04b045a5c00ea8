import { setTimeout as sleep } from 'node:timers/promises';
import { createSlots } from '#domain/slots.ts';

/** Wraps what a run waits for at its remote: while that takes long, the run has no place. */
export type AwaitRemote = <T>(remote: () => Promise<T>) => Promise<T>;

/**
 * Places of the runs of one process. A run that its remote keeps waiting gives up its place to others and takes one again when it has its
 * answer, so that remotes that hang delay nobody; each waits with a Git process or two, so there is an end to it.
 */
export interface Places {
  /**
   * Runs `work` in a place. Undefined, and nothing is begun, when as many runs as may be are at this host already. Otherwise resolves when
   * the run is over, or before that when it gave up its place; `work` deals with its own errors, and one that it throws meanwhile is thrown.
   */
  readonly take: (host: string, work: (awaitRemote: AwaitRemote) => Promise<void>) => Promise<void> | undefined;
  /** Runs that this host may have besides those it has. */
  readonly room: (host: string) => number;
  /** Waits for every run, for at most so long. */
  readonly settled: (withinMs: number) => Promise<void>;
}

export interface PlaceOptions {
  readonly places: number;
  /** Runs without a place, of all hosts. */
  readonly mostAway: number;
  /** How long a run keeps its place while it waits. */
  readonly patienceMs: number;
  /** A run of this host is at its remote no more. */
  readonly left: (host: string) => void;
}

export function createPlaces({ places, mostAway, patienceMs, left }: PlaceOptions): Places {
  const hold = createHolds(places);
  const atRemote = new Map<string, number>();
  const underWay = new Set<Promise<void>>();
  let away = 0;

  /**
   * No more than there are places, as if runs kept them, and never more than half of what is free: some room is left for every host that
   * comes later, whatever many others do.
   */
  function room(host: string): number {
    const most = Math.max(1, Math.min(places, Math.ceil((mostAway - away) / 2)));
    return Math.max(0, most - (atRemote.get(host) ?? 0));
  }

  function enter(host: string): () => void {
    atRemote.set(host, (atRemote.get(host) ?? 0) + 1);
    let isIn = true;
    return () => {
      if (!isIn) return;
      isIn = false;
      const others = (atRemote.get(host) ?? 1) - 1;
      if (others > 0) atRemote.set(host, others);
      else atRemote.delete(host);
      left(host);
    };
  }

  async function run(work: (awaitRemote: AwaitRemote) => Promise<void>, leave: () => void, gaveUp: () => void): Promise<void> {
    let release = await hold();
    const awaitRemote: AwaitRemote = async (remote) => {
      let isAway = false;
      const impatient = setInterval(() => {
        if (isAway || away >= mostAway) return;
        isAway = true;
        away += 1;
        release();
        gaveUp();
      }, patienceMs);
      try {
        return await remote();
      } finally {
        clearInterval(impatient);
        if (isAway) away -= 1;
        leave();
        if (isAway) release = await hold();
      }
    };
    try {
      await work(awaitRemote);
    } finally {
      leave();
      release();
    }
  }

  return {
    room,
    take(host, work) {
      if (room(host) === 0) return undefined;
      const { promise: gaveUp, resolve } = Promise.withResolvers<void>();
      const over = run(work, enter(host), resolve);
      const settled = over.then(
        () => undefined,
        () => undefined,
      );
      underWay.add(settled);
      void settled.then(() => underWay.delete(settled));
      return Promise.race([over, gaveUp]);
    },
    settled: async (withinMs) => {
      let isOver = false;
      const overdue = sleep(withinMs, undefined, { ref: false }).then(() => {
        isOver = true;
      });
      while (underWay.size > 0 && !isOver) await Promise.race([Promise.all(underWay), overdue]);
    },
  };
}

/** Slots that are given back by whoever has them, first come first served. */
function createHolds(count: number): () => Promise<() => void> {
  const inSlot = createSlots(count);
  const { signal } = new AbortController();
  return () =>
    new Promise((resolve) => {
      const { promise: held, resolve: release } = Promise.withResolvers<void>();
      void inSlot(signal, () => {
        resolve(() => release());
        return held;
      });
    });
}
