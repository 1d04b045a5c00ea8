import { readFileSync, readlinkSync } from 'node:fs';

/** Linux counts the time of threads in hundredths of a second, whatever the kernel's own clock is (proc(5), sysconf(_SC_CLK_TCK)). */
const TICK_MS = 10;

/** The calling thread's number with the system, which has it as a task of its own; 0 where there is no /proc. */
export function ownThread(): number {
  try {
    return Number(/\/task\/(\d+)$/.exec(readlinkSync('/proc/thread-self'))?.[1] ?? 0);
  } catch {
    return 0;
  }
}

/** Processor time that a thread of this process has had, in milliseconds; undefined where that cannot be known, or it is gone. */
export function threadTimeMs(thread: number): number | undefined {
  try {
    // The name of a thread stands in parentheses and may hold anything; utime and stime are the 14th and 15th field.
    const fields = readFileSync(`/proc/self/task/${thread}/stat`, 'latin1')
      .replace(/^.*\) /s, '')
      .split(' ');
    const ticks = Number(fields[11]) + Number(fields[12]);
    return Number.isFinite(ticks) ? ticks * TICK_MS : undefined;
  } catch {
    return undefined;
  }
}
