import type { Problem } from '#domain/content.ts';
import { compareProblems } from './problem-codes.ts';

/** Problems that are kept of one run, in words; the others are counted. Nobody reads beyond, and a repository may hold a million. */
const MOST_KEPT = 10_000;

/** The problems of a run as they are found. */
export interface ProblemList {
  add(problems: readonly Problem[]): void;
  /** In the order of their places. */
  addSorted(problems: readonly Problem[]): void;
  /** Problems that were counted where they were found, and whose words nobody has. */
  addHidden(severity: Problem['severity'], count: number): void;
  readonly kept: readonly Problem[];
  /** How many are not kept. */
  readonly hidden: number;
  readonly errors: number;
  readonly warnings: number;
}

export function createProblemList(): ProblemList {
  const kept: Problem[] = [];
  const counts = { error: 0, warning: 0, info: 0 };
  const total = (): number => counts.error + counts.warning + counts.info;

  function add(problems: readonly Problem[]): void {
    for (const problem of problems) {
      // An error is what stops the import, so one is shown even where ten thousand warnings came first.
      if (kept.length < MOST_KEPT || (problem.severity === 'error' && counts.error === 0)) kept.push(problem);
      counts[problem.severity] += 1;
    }
  }

  return {
    add,
    addSorted: (problems) => add(problems.toSorted(compareProblems)),
    addHidden(severity, count) {
      counts[severity] += count;
    },
    kept,
    get hidden() {
      return total() - kept.length;
    },
    get errors() {
      return counts.error;
    },
    get warnings() {
      return counts.warning;
    },
  };
}
