import type { AnswerHeaders } from './contract.ts';
import { waitMs } from './wait.ts';

/** A number of requests; anything else says nothing. */
export function readCount(headers: AnswerHeaders, name: string): number | undefined {
  const text = headers.get(name)?.trim() ?? '';
  return /^\d{1,9}$/.test(text) ? Number(text) : undefined;
}

/** The most that providers count by. A server that names a year is not believed: the next answer says it again. */
const LONGEST_MS = 3_600_000;

/** Milliseconds until a time in seconds of the epoch; undefined where there is none. */
export function readReset(headers: AnswerHeaders, name: string, now: Date): number | undefined {
  const resetAt = headers.get(name)?.trim() ?? '';
  if (!/^\d{1,12}$/.test(resetAt)) return undefined;
  return Math.min(waitMs({ retryAfter: undefined, resetAt, date: headers.get('date') ?? undefined }, now), LONGEST_MS);
}
