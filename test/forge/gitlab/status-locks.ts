/** One update of a commit's statuses at a time. */
export interface StatusLocks {
  /** What gives the lock back, or undefined when it was not free within `waitMs`. */
  acquire(key: string, waitMs: number): Promise<(() => void) | undefined>;
}

export function createStatusLocks(): StatusLocks {
  const held = new Map<string, Promise<void>>();
  return {
    acquire: async (key, waitMs) => {
      const deadline = performance.now() + waitMs;
      for (;;) {
        const holder = held.get(key);
        if (holder === undefined) break;
        if (!(await endsWithin(holder, deadline - performance.now()))) return undefined;
      }
      const { promise, resolve } = Promise.withResolvers<void>();
      held.set(key, promise);
      return () => {
        held.delete(key);
        resolve();
      };
    },
  };
}

async function endsWithin(holder: Promise<void>, waitMs: number): Promise<boolean> {
  if (waitMs <= 0) return false;
  const { promise: late, resolve } = Promise.withResolvers<false>();
  const timer = Number.isFinite(waitMs) ? setTimeout(() => resolve(false), waitMs) : undefined;
  const ended = await Promise.race([holder.then(() => true), late]);
  clearTimeout(timer);
  return ended;
}
