import type { Calm } from './calm.ts';
import { calmWaitMs } from './calm.ts';
import type { RunReason } from './turn-row.ts';

/** What a repository is about to do when somebody asks. */
export interface Standing {
  readonly isUnderWay: boolean;
  /** A run waits for its turn, its time, or both. */
  readonly isPending: boolean;
  /** Only webhooks asked for the run that waits. */
  readonly isPendingCalm: boolean;
  /** Milliseconds until it may begin; undefined when it need not wait. */
  readonly waitsMs: number | undefined;
  readonly calm: Calm;
}

export interface AskPlan {
  /** Milliseconds until the run may begin; undefined: what was so before stays. */
  readonly waitMs: number | undefined;
  /** A job is needed that takes it then. */
  readonly send: boolean;
  readonly isPendingCalm: boolean;
}

/**
 * When the run begins that an ask is for. What a person wants never waits and takes along what waits; a push keeps its distance from the
 * pushes before it, and cuts the wait of a run short that is to be repeated; a look at the remote ends that wait and hurries no push. Pure.
 */
export function planAsk(standing: Standing, reason: RunReason): AskPlan {
  const isPush = reason === 'webhook';
  const { isPending, isPendingCalm, waitsMs } = standing;
  const staysCalm = isPending ? isPendingCalm && (isPush || reason === 'poll') : isPush;
  // Its end sends the next job, and says when.
  if (standing.isUnderWay) return { waitMs: 0, send: false, isPendingCalm: staysCalm };
  const calmMs = isPush ? calmWaitMs(standing.calm, { behind: false }) : 0;
  if (!isPending) return { waitMs: calmMs, send: true, isPendingCalm: staysCalm };
  if (waitsMs === undefined || staysCalm) return { waitMs: undefined, send: false, isPendingCalm: staysCalm };
  const isSooner = calmMs === 0 || calmMs < waitsMs;
  return { waitMs: isSooner ? calmMs : undefined, send: isSooner, isPendingCalm: isPush };
}
