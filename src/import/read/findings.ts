import type { Problem } from '#domain/content.ts';
import { makeProblem, PROBLEMS } from '#import/problem-codes.ts';
import { MAX_PROBLEMS_PER_FILE } from './limits.ts';
import type { Position } from './positions.ts';
import type { Finding } from './yaml-build.ts';

/** Collects findings up to a limit; what lies beyond is counted, and an error among it is never lost as a fact. */
export interface FindingList {
  readonly add: (finding: Finding) => void;
  readonly hasError: boolean;
  toProblems(path: string, positionAt: (offset: number) => Position): readonly Problem[];
}

export function createFindings(): FindingList {
  const kept: Finding[] = [];
  let dropped = 0;
  let hasError = false;
  return {
    add(finding) {
      const isError = PROBLEMS[finding.code].severity === 'error';
      // Of the kept ones at least the first error must be one: 100 warnings must not push it out.
      if (kept.length < MAX_PROBLEMS_PER_FILE || (isError && !hasError)) kept.push(finding);
      else dropped += 1;
      hasError ||= isError;
    },
    get hasError() {
      return hasError;
    },
    toProblems(path, positionAt) {
      const problems = kept.map(({ code, message, offset, help }) => makeProblem(code, message, { path, ...positionAt(offset), help }));
      if (dropped === 0) return problems;
      return [
        ...problems,
        makeProblem('MORE_PROBLEMS', `${dropped} more ${dropped === 1 ? 'problem' : 'problems'} in this file.`, { path }),
      ];
    },
  };
}
