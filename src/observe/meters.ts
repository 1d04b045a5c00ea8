import { isFailure } from '#domain/failure.ts';
import type { Meters } from '#domain/meters.ts';
import { PROVIDERS } from '#domain/words.ts';
import type { Instruments } from './registry.ts';

/** What the application counts beside what rooms do. */
export interface AppMeters extends Meters {
  readonly delivered: (provider: string, outcome: string) => void;
  /** `fetch` that counts what becomes of each call under the provider's name. */
  readonly countCalls: (provider: string, fetch: typeof globalThis.fetch) => typeof globalThis.fetch;
  /** A call was put off, or a write kept waiting, so that a limit of the provider is not met. */
  readonly waited: (provider: string, why: 'budget' | 'spacing') => void;
  readonly removed: (what: string, rows: number) => void;
  readonly cleaned: (why: string, count: number) => void;
  readonly mirrorsBytes: (bytes: number) => void;
}

export function createMeters({ count, observe, set }: Instruments): AppMeters {
  return {
    stage: (stage, seconds) => observe('tributary_stage_seconds', { stage }, seconds),
    run(kind, outcome, code, seconds) {
      count('tributary_runs_total', { kind, outcome, code });
      observe('tributary_run_seconds', { kind, outcome }, seconds);
    },
    routed: (provider, outcome) => count('tributary_deliveries_routed_total', { provider: known(provider), outcome }),
    reported: (outcome) => count('tributary_reports_total', { outcome }),
    delivered: (provider, outcome) => count('tributary_deliveries_received_total', { provider: known(provider), outcome }),
    countCalls: (provider, fetch) => async (input, init) => {
      try {
        const answer = await fetch(input, init);
        count('tributary_provider_calls_total', { provider, outcome: outcomeOf(answer) });
        return answer;
      } catch (error) {
        // It was not made.
        if (isFailure(error) && error.code === 'PROVIDER_BUSY') throw error;
        count('tributary_provider_calls_total', {
          provider,
          outcome: isFailure(error) && error.code === 'POLICY_DENIED' ? 'denied' : 'no-answer',
        });
        throw error;
      }
    },
    waited: (provider, why) => count('tributary_provider_waits_total', { provider, why }),
    removed: (what, rows) => count('tributary_retention_removed_total', { what }, rows),
    cleaned: (why, number) => count('tributary_mirrors_removed_total', { why }, number),
    mirrorsBytes: (bytes) => set('tributary_mirrors_bytes', {}, bytes),
  };
}

/** The provider of an address is what anybody writes there: one that is none of ours must not become a series of its own. */
function known(provider: string): string {
  return PROVIDERS.some((id) => id === provider) ? provider : 'unknown';
}

/** By what follows from it. GitHub says "too many" as 403 with nothing left as well (PROVIDERS.md section 3). */
function outcomeOf({ status, headers }: Response): string {
  if (status === 429 || (status === 403 && (headers.get('x-ratelimit-remaining') === '0' || headers.has('retry-after'))))
    return 'rate-limited';
  if (status < 400) return 'ok';
  if (status === 401) return 'unauthorized';
  if (status === 403) return 'forbidden';
  if (status === 404) return 'not-found';
  return status < 500 ? 'refused' : 'failed';
}
