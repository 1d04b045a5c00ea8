import type { Database } from '#db/database.ts';
import { RunCancelled } from '#domain/cancelled.ts';
import { findCanceller } from './store.ts';

export interface Cancellation {
  /** Aborts with RunCancelled as its reason. */
  readonly signal: AbortSignal;
  readonly stop: () => void;
}

/** Git and the parsing threads end within moments of the signal, so a run that is cancelled is over in less than 3 s (SECURITY.md GIT-25). */
const LOOK_EVERY_MS = 1_000;

/** Looks from time to time whether the run is to end: the request may have been made to any process. Call `stop` when the run is over. */
export function watchForCancellation(database: Database, jobResultId: string, onError: (error: unknown) => void): Cancellation {
  const cancelled = new AbortController();
  const look = async (): Promise<void> => {
    const by = await findCanceller(database, jobResultId);
    if (by !== undefined) cancelled.abort(new RunCancelled(by));
  };
  const timer = setInterval(() => void look().catch(onError), LOOK_EVERY_MS);
  return { signal: cancelled.signal, stop: () => clearInterval(timer) };
}

/** Throws RunCancelled for a run that is taken up from a killed worker and was cancelled while nobody was there to end it. */
export async function refuseCancelled(
  database: Database,
  run: { readonly id: string; readonly cancel_requested_at: Date | null },
): Promise<void> {
  const by = run.cancel_requested_at === null ? undefined : await findCanceller(database, run.id);
  if (by !== undefined) throw new RunCancelled(by);
}

/** The cancellation that a run ended of, whatever the work that it cut off had to say; undefined when it ended of something else. */
export function cancellationOf(error: unknown, { signal }: Cancellation): RunCancelled | undefined {
  if (error instanceof RunCancelled) return error;
  return signal.reason instanceof RunCancelled ? signal.reason : undefined;
}
