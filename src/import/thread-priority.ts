import { readlinkSync } from 'node:fs';
import { constants, setPriority } from 'node:os';

/** Argument of a thread that is to run after everything else. */
export const BACKGROUND = '--background';

/**
 * Lets the system run the calling thread only on what others leave, where it knows priorities of threads: on Linux each is a task with
 * a number of its own (setpriority(2), "C library/kernel differences"). Elsewhere nothing changes.
 */
export function lowerThreadPriority(): void {
  try {
    const [, thread] = /\/task\/(\d+)$/.exec(readlinkSync('/proc/thread-self')) ?? [];
    if (thread !== undefined) setPriority(Number(thread), constants.priority.PRIORITY_LOW);
  } catch {
    // No /proc, or a system that forbids it: it then has the priority of the others.
  }
}
