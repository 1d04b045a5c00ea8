/** Requests per hour: 5,000 with a token, 60 without one (per address). */
export interface RateLimits {
  /** The state of that caller, after one more request where `cost` is 1. */
  spend(tokenId: number | undefined, cost: 0 | 1, now: Date): RateLimit;
  /** Leaves so many requests of this hour. */
  leave(tokenId: number | undefined, requests: number, now: Date): void;
}

export interface RateLimit {
  readonly limit: number;
  readonly used: number;
  readonly remaining: number;
  /** Epoch seconds. */
  readonly reset: number;
  /** This very request is over the limit. */
  readonly exceeded: boolean;
}

const HOUR_S = 3_600;

export function createRateLimits(): RateLimits {
  const windows = new Map<number | undefined, { used: number; readonly reset: number }>();
  const windowOf = (tokenId: number | undefined, now: Date): { used: number; readonly reset: number } => {
    const seconds = Math.floor(now.getTime() / 1000);
    const known = windows.get(tokenId);
    if (known !== undefined && known.reset > seconds) return known;
    const fresh = { used: 0, reset: seconds + HOUR_S };
    windows.set(tokenId, fresh);
    return fresh;
  };
  return {
    spend: (tokenId, cost, now) => {
      const limit = limitOf(tokenId);
      const window = windowOf(tokenId, now);
      const exceeded = cost > 0 && window.used >= limit;
      if (!exceeded) window.used += cost;
      return { limit, used: window.used, remaining: limit - window.used, reset: window.reset, exceeded };
    },
    leave: (tokenId, requests, now) => {
      windowOf(tokenId, now).used = limitOf(tokenId) - requests;
    },
  };
}

function limitOf(tokenId: number | undefined): number {
  return tokenId === undefined ? 60 : 5_000;
}
