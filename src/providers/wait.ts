/** What an answer says of when to ask again; headers as they came. */
export interface AskedToWait {
  /** Seconds or a date (RFC 9110 10.2.3). */
  readonly retryAfter: string | undefined;
  /** When the count starts anew, in seconds of the epoch. */
  readonly resetAt: string | undefined;
  /** The provider's own clock: it set the times by this one, and ours may differ. */
  readonly date: string | undefined;
}

const SHORTEST_MS = 1_000;
const LONGEST_MS = 3_600_000;
/** Where nothing is said, or nothing that makes sense; the least that GitHub asks for then (PROVIDERS.md 1.1). */
const UNTOLD_MS = 60_000;

/** Milliseconds to wait, 1 s to 1 h whatever was said. `now` is our clock, for an answer that does not tell the provider's. */
export function waitMs({ retryAfter, resetAt, date }: AskedToWait, now: Date): number {
  const providersNow = Date.parse(date ?? '');
  const clock = Number.isNaN(providersNow) ? now.getTime() : providersNow;
  const ms = [fromRetryAfter(retryAfter?.trim() ?? '', clock), fromReset(resetAt?.trim() ?? '', clock)].find(Number.isFinite);
  return ms === undefined ? UNTOLD_MS : Math.min(Math.max(ms, SHORTEST_MS), LONGEST_MS);
}

function fromRetryAfter(value: string, clock: number): number {
  return /^-?\d+$/.test(value) ? Number(value) * 1_000 : Date.parse(value) - clock;
}

function fromReset(value: string, clock: number): number {
  return /^\d+(?:\.\d+)?$/.test(value) ? Number(value) * 1_000 - clock : Number.NaN;
}
