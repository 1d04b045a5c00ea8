import type { Peers } from './peers.ts';
import type { Server } from './postgres.ts';
import type { Scope } from './scope.ts';

export type Unit = 'ms' | '/s' | 'MB';

export interface Quantity {
  readonly value: number;
  readonly unit: Unit;
}

/** One figure beside what it is compared with. */
export interface Finding {
  readonly name: string;
  readonly ours: Quantity;
  /** Measured in the same run, on the same machine. */
  readonly reference?: Quantity & { readonly name: string };
  /** What PERFORMANCE goals ask for, in words, and whether this run reached it. */
  readonly goal?: { readonly words: string; readonly met: boolean };
  /** Spread, parts, counts: what a reader needs to judge the figure. */
  readonly notes?: readonly string[];
}

export interface BenchContext {
  readonly scope: Scope;
  /** undefined where no PostgreSQL was found; then what can run on the embedded database runs there. */
  readonly server: Server | undefined;
  /** Other people's programs, where they were asked for. */
  readonly peers: Peers | undefined;
  /** Sizes of repositories, smallest first; benches that measure one size take the first. */
  readonly files: readonly [number, ...number[]];
  /** A line for the person who waits. */
  readonly say: (line: string) => void;
}

export interface Bench {
  readonly title: string;
  /** Without PostgreSQL it cannot be measured at all. */
  readonly needsPostgres: boolean;
  readonly run: (context: BenchContext) => Promise<readonly Finding[]>;
}

export function ms(value: number): Quantity {
  return { value, unit: 'ms' };
}

export function perSecond(value: number): Quantity {
  return { value, unit: '/s' };
}

export function megabytes(value: number): Quantity {
  return { value, unit: 'MB' };
}

/** How many times the reference, or undefined without one. */
export function ratioOf({ ours, reference }: Pick<Finding, 'ours' | 'reference'>): number | undefined {
  return reference === undefined || reference.value === 0 ? undefined : ours.value / reference.value;
}

/** Smallest and largest of the rounds, for a note. */
export function spread(name: string, values: readonly number[], digits = 0): string {
  return `${name} ${values.length} rounds: ${Math.min(...values).toFixed(digits)} to ${Math.max(...values).toFixed(digits)}`;
}
