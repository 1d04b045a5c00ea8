import { readlinkSync } from 'node:fs';
import { setPriority } from 'node:os';

/** Argument of a thread that is to give way to others. */
export const BACKGROUND = '--background';

/** A third of what another thread gets where both want all they can get. The lowest (19) would be a sixtieth: on a busy machine good files ran out of time. */
const NICENESS = 5;

/**
 * Lets others have the processors before the calling thread, where the system knows priorities of threads: on Linux each is a task with
 * a number of its own (setpriority(2), "C library/kernel differences"). Elsewhere nothing changes.
 */
export function lowerThreadPriority(): void {
  try {
    const [, thread] = /\/task\/(\d+)$/.exec(readlinkSync('/proc/thread-self')) ?? [];
    if (thread !== undefined) setPriority(Number(thread), NICENESS);
  } catch {
    // No /proc, or a system that forbids it: it then has the priority of the others.
  }
}
