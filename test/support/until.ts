import { setTimeout as sleep } from 'node:timers/promises';

export interface Patience {
  readonly withinMs?: number | undefined;
  readonly everyMs?: number | undefined;
}

/** Generous: a condition is there as soon as it is true, and a slow machine is no fault of the product. */
const WITHIN_MS = 120_000;
const EVERY_MS = 50;

/** Looks until there is something to see; throws with `what`, and the last complaint, when there is nothing in time. */
export async function until<T>(
  what: string,
  look: () => Promise<T | undefined> | T | undefined,
  { withinMs = WITHIN_MS, everyMs = EVERY_MS }: Patience = {},
): Promise<T> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    const seen = await look();
    if (seen !== undefined) return seen;
    if (performance.now() > deadline) throw new Error(`waited ${withinMs / 1_000} s in vain for ${what}`);
    await sleep(everyMs);
  }
}

/** The same for something that is or is not. */
export async function untilTrue(what: string, look: () => Promise<boolean> | boolean, patience?: Patience): Promise<void> {
  await until(what, async () => ((await look()) ? true : undefined), patience);
}
