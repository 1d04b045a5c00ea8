/** The steps of a run whose time is measured: what is slow is seen at once. */
export type RunStage = 'fetch' | 'choose' | 'parse' | 'plan' | 'apply' | 'report';

/** `cancelled` by a person; `cut-off` by a process that stopped or lost its turn, and taken up again. */
export type RunOutcome = 'success' | 'failure' | 'cancelled' | 'cut-off';

/** What rooms count as it happens. Labels come from closed sets, never from what somebody sent (SECURITY.md T48). */
export interface Meters {
  readonly stage: (stage: RunStage, seconds: number) => void;
  /** A run ended: code of its failure, or `none`. */
  readonly run: (kind: 'sync' | 'dry-run', outcome: RunOutcome, code: string, seconds: number) => void;
  readonly routed: (provider: string, outcome: 'routed' | 'ignored' | 'failed') => void;
  readonly reported: (outcome: 'posted' | 'commented' | 'unchanged' | 'refused' | 'failed') => void;
}

export const NO_METERS: Meters = { stage: () => undefined, run: () => undefined, routed: () => undefined, reported: () => undefined };
