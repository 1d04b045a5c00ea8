import type { Logger } from 'pino';

export interface Drain {
  /** There may be something to do. Never blocks; wakes that come while it works make it work once more. */
  readonly wake: () => void;
  /** Ends after the work under way. */
  readonly stop: () => Promise<void>;
}

export interface DrainOptions {
  readonly work: () => Promise<unknown>;
  readonly sweepEveryMs: number;
  readonly log: Logger;
}

/** Runs `work` one at a time: when woken, and every `sweepEveryMs` in case a wake-up was lost. An error is logged and the next sweep tries again. */
export function createDrain({ work, sweepEveryMs, log }: DrainOptions): Drain {
  let running: Promise<void> | undefined;
  let again = false;
  let stopped = false;
  const timer = setInterval(wake, sweepEveryMs);

  function wake(): void {
    if (stopped) return;
    again = true;
    running ??= run().finally(() => {
      running = undefined;
    });
  }

  async function run(): Promise<void> {
    while (again && !stopped) {
      again = false;
      try {
        await work();
      } catch (error) {
        log.error({ err: error }, 'background work failed, it is tried again');
        return;
      }
    }
  }

  return {
    wake,
    stop: async () => {
      stopped = true;
      clearInterval(timer);
      await running;
    },
  };
}
