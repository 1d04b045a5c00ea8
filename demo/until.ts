import { setTimeout as sleep } from 'node:timers/promises';

const LOOK_EVERY_MS = 100;
const GIVE_UP_AFTER_MS = 20_000;

/** Looks again and again until there is something to see; throws when there is nothing in time. */
export async function until<T>(what: string, look: () => Promise<T | undefined>): Promise<T> {
  const deadline = Date.now() + GIVE_UP_AFTER_MS;
  for (;;) {
    const seen = await look();
    if (seen !== undefined) return seen;
    if (Date.now() > deadline) throw new Error(`waited in vain for ${what}`);
    await sleep(LOOK_EVERY_MS);
  }
}
