import type { Logger } from 'pino';

export interface Refusals {
  /** Counts a refused delivery of a hook. Never waits: whoever floods us with wrong signatures must not write with each. */
  readonly note: (hookId: string) => void;
  /** Writes what is counted. */
  readonly stop: () => Promise<void>;
}

const WRITE_EVERY_MS = 5_000;
/** Hooks that are counted between two writes; a flood that names more is told enough by these. */
const MOST_HOOKS = 1_000;

/** Counts refused deliveries in memory and writes the counts together, so that a person sees which hook holds another secret. */
export function createRefusals(write: (counts: ReadonlyMap<string, number>) => Promise<void>, log: Pick<Logger, 'warn'>): Refusals {
  let counts = new Map<string, number>();
  let timer: NodeJS.Timeout | undefined;

  async function flush(): Promise<void> {
    clearTimeout(timer);
    timer = undefined;
    if (counts.size === 0) return;
    const written = counts;
    counts = new Map();
    try {
      await write(written);
    } catch (error) {
      // A count that is lost is no delivery: the next one tells as much.
      log.warn({ err: error, hooks: written.size }, 'refused deliveries could not be counted');
    }
  }

  return {
    note(hookId) {
      if (!counts.has(hookId) && counts.size >= MOST_HOOKS) return;
      counts.set(hookId, (counts.get(hookId) ?? 0) + 1);
      timer ??= setTimeout(() => void flush(), WRITE_EVERY_MS).unref();
    },
    stop: flush,
  };
}
