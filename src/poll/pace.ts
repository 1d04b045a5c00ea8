/** How often remotes are looked at, from the one figure that an operator sets. */
export interface Pace {
  /** Where no hook tells of changes. */
  readonly baseMs: number;
  /** Where one does: what it missed is found within this. */
  readonly relaxedMs: number;
}

/** A look that takes longer is given up; a repository is not looked at again before. */
export const LOOK_WITHIN_MS = 12_000;
/** Looks at one host start this far apart, over all workers: 10 per second (SECURITY.md RATE-07). */
export const SPACING_MS = 100;
/** Starts are planned this far ahead; a worker that is killed takes no more with it. */
export const PLAN_AHEAD_MS = 1_000;
/** While a host fails, one look at it is due this often, so that its return is seen within 120 s whatever the back-off of its repositories. */
export const LOOK_AT_FAILING_MS = 30_000;
/** Over this time the repositories of a host that came back are looked at. */
export const SPREAD_MS = 30_000;
/** Two answers "no such repository" this far apart are needed to believe it. */
export const CONFIRM_MS = 60_000;

const RELAXED_MS = 120_000;
const LONGEST_MS = 300_000;
const EARLIEST = 0.7;
const LATEST = 0.9;

export function createPace(intervalMs: number): Pace {
  return { baseMs: intervalMs, relaxedMs: Math.max(intervalMs, Math.min(RELAXED_MS, intervalMs * 6)) };
}

/** Time to the next look: somewhat less than said, so that the sync that follows is done within it, and spread so that looks do not bunch. */
export function delayMs(intervalMs: number, random: () => number = Math.random): number {
  return Math.round(intervalMs * (EARLIEST + (LATEST - EARLIEST) * random()));
}

/** After `failures` looks in a row that failed: twice as long with each, up to 300 s. */
export function backOffMs(baseMs: number, failures: number, random: () => number = Math.random): number {
  return delayMs(Math.max(baseMs, Math.min(LONGEST_MS, baseMs * 2 ** Math.min(failures, 20))), random);
}
