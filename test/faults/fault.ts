import type { Scope } from '#test/support/scope.ts';
import type { PrivatePostgres } from './private-postgres.ts';

export interface FaultContext {
  readonly scope: Scope;
  readonly postgres: PrivatePostgres;
  readonly rounds: number;
  /** How many deliveries are to be acknowledged, where that is what is counted (`--deliveries`). */
  readonly deliveries: number | undefined;
  /** A part of what there is to do, by a text in its name (`--only`). */
  readonly only: string | undefined;
  /** From 0 up to 1; the same again for the same seed. */
  readonly random: () => number;
  /** Says what goes on, for whoever watches. */
  readonly say: (line: string) => void;
}

export interface Finding {
  readonly counts: Readonly<Record<string, number>>;
  /** Every promise that was broken; none: the verdict is good. */
  readonly problems: readonly string[];
}

/** A way to break the service again and again, and what must hold afterwards. */
export interface Fault {
  readonly title: string;
  readonly rounds: number;
  /** Longest time of a round, where a minute is not enough. */
  readonly roundWithinMs?: number;
  readonly run: (context: FaultContext) => Promise<Finding>;
}
