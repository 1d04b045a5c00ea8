const SHORTEST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 3_600_000;
/** Limits of projects, groups and users come without headers, and are counted by the minute (PROVIDERS.md 1.2). */
const UNTOLD_WAIT_MS = 60_000;

/** How long GitLab asks to wait, from whichever header says it: seconds or a date (RFC 9110 10.2.3), or when the count starts anew. */
export function waitMs(headers: Readonly<Record<string, string>>, now: Date): number {
  const retryAfter = headers['retry-after'];
  const reset = headers['ratelimit-reset'];
  const ms =
    retryAfter !== undefined
      ? retryAfterMs(retryAfter.trim(), now)
      : reset !== undefined && reset.trim() !== ''
        ? Number(reset) * 1_000 - now.getTime()
        : Number.NaN;
  return Number.isFinite(ms) ? Math.min(Math.max(ms, SHORTEST_WAIT_MS), LONGEST_WAIT_MS) : UNTOLD_WAIT_MS;
}

function retryAfterMs(value: string, now: Date): number {
  return /^-?\d+$/.test(value) ? Number(value) * 1_000 : Date.parse(value) - now.getTime();
}
