import type { Problem } from '#domain/content.ts';
import { MAX_PROBLEMS_PER_FILE } from '#import/read/limits.ts';
import type { DocPath, Document } from '#import/read/document.ts';
import type { ProblemCode } from '#import/problem-codes.ts';
import { PROBLEMS, makeProblem } from '#import/problem-codes.ts';

/** Collects the problems of one file's objects, each located where it is written. */
export interface Report {
  add(
    code: ProblemCode,
    message: string,
    at: DocPath,
    extra?: { readonly part?: 'key' | 'value'; readonly object?: string | undefined; readonly help?: string | undefined },
  ): void;
  /** Errors among what was added, so that a caller can see whether a step added one. */
  readonly errors: number;
  readonly problems: readonly Problem[];
}

export function createReport(path: string, document: Document): Report {
  const problems: Problem[] = [];
  const counts = { errors: 0, dropped: 0 };
  return {
    add(code, message, at, extra = {}) {
      const isError = PROBLEMS[code].severity === 'error';
      const isKept = problems.length < MAX_PROBLEMS_PER_FILE || (isError && counts.errors === 0);
      if (isError) counts.errors += 1;
      if (isKept)
        problems.push(makeProblem(code, message, { path, ...document.locate(at, extra.part), object: extra.object, help: extra.help }));
      else counts.dropped += 1;
    },
    get errors() {
      return counts.errors;
    },
    get problems() {
      if (counts.dropped === 0) return problems;
      return [
        ...problems,
        makeProblem('MORE_PROBLEMS', `${counts.dropped} more ${counts.dropped === 1 ? 'problem' : 'problems'} in this file.`, { path }),
      ];
    },
  };
}
