import { setPriority } from 'node:os';
import { ownThread } from './thread-time.ts';

/** Argument of a thread that is to give way to others. */
export const BACKGROUND = '--background';

/** A ninth of what another thread gets where both want all they can get. Files do not run out of time by that, which is the thread's own (parse-threads.ts). */
const NICENESS = 10;

/**
 * Lets others have the processors before the calling thread, where the system knows priorities of threads: on Linux each is a task with
 * a number of its own (setpriority(2), "C library/kernel differences"). Elsewhere nothing changes.
 */
export function lowerThreadPriority(): void {
  try {
    const thread = ownThread();
    if (thread > 0) setPriority(thread, NICENESS);
  } catch {
    // A system that forbids it: it then has the priority of the others.
  }
}
