/** Work that goes on after its cause was answered: deliveries, pushes that are being recorded. */
export interface Busy {
  track<T>(work: Promise<T>): Promise<T>;
  /** Resolves when nothing is under way. */
  idle(): Promise<void>;
}

export function createBusy(): Busy {
  const underWay = new Set<Promise<unknown>>();
  return {
    track: (work) => {
      underWay.add(work);
      void forgetWhenDone(underWay, work);
      return work;
    },
    idle: async () => {
      while (underWay.size > 0) await Promise.allSettled(underWay);
    },
  };
}

async function forgetWhenDone(underWay: Set<Promise<unknown>>, work: Promise<unknown>): Promise<void> {
  await Promise.allSettled([work]);
  underWay.delete(work);
}

/** Runs one after the other what has the same key. */
export type Lock = <T>(key: number, work: () => Promise<T>) => Promise<T>;

export function createLock(): Lock {
  const tails = new Map<number, Promise<unknown>>();
  return (key, work) => {
    const turn = (tails.get(key) ?? Promise.resolve()).then(work, work);
    tails.set(key, turn);
    return turn;
  };
}
