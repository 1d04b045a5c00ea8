/**
 * How long a repository is left alone between runs that only webhooks asked for, so that a storm of pushes costs few of them. Whoever pushes,
 * waits for the status and pushes again meets none of this: a run that served one push alone makes the next one wait for nothing.
 */
export interface Calm {
  /** How stormy it is: runs in a row that served a push alone, and many times that for one that served a crowd (`afterRun`). */
  readonly runs: number;
  /** Milliseconds since the last run ended, by the database's clock; undefined when there was none. */
  readonly sinceMs: number | undefined;
}

/**
 * Between the end of a run and the beginning of the next, by level: the last push of a storm waits no longer than the longest for its run. From the
 * end, so that a run that takes long, for its size or for the load of the machine, is not followed by the next at once.
 */
const APART_MS = [0, 1_000, 2_000, 4_000] as const;
const TOP = APART_MS.length - 1;
/** Without a run for so long it is calm again: more than twice the longest, so that a storm on a slow machine does not begin anew. */
const OVER_AFTER_MS = 10_000;
/** A push that comes by two hooks, or is delivered twice, is no crowd. Once runs are kept apart, any that have to share one are. */
const CROWD = 4;
const CROWD_WHILE_APART = 2;
/** Runs for one push each that may follow one another as fast as they end. */
const ALONE_IN_A_ROW = 20;

/** Milliseconds until the next run may begin. `behind`: a push came while the run before was under way, so more may be coming. Pure. */
export function calmWaitMs(calm: Calm, { behind }: { readonly behind: boolean }): number {
  if (calm.sinceMs === undefined) return 0;
  const apartMs = APART_MS[Math.min(levelOf(calm) + (behind ? 1 : 0), TOP)] ?? 0;
  // A clock that was set back must not make the wait longer.
  return Math.ceil(Math.max(0, apartMs - Math.max(0, calm.sinceMs)));
}

/** What `runs` becomes when a run begins that serves so many pushes. Pure. */
export function afterRun(calm: Calm, pushes: number): number {
  if (isOver(calm)) return 1;
  const level = levelOf(calm);
  if (pushes >= (level === 0 ? CROWD : CROWD_WHILE_APART)) return Math.min(level + 1, TOP) * ALONE_IN_A_ROW;
  // Pushes that are served alone come no further than to the first level: somebody waits for each.
  return level === 0 ? calm.runs + 1 : calm.runs;
}

function levelOf(calm: Calm): number {
  return isOver(calm) ? 0 : Math.floor(calm.runs / ALONE_IN_A_ROW);
}

function isOver({ sinceMs }: Calm): boolean {
  return sinceMs === undefined || sinceMs > OVER_AFTER_MS;
}
