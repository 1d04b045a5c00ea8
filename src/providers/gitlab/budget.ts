import type { AnswerHeaders, BudgetTold } from '#providers/contract.ts';
import { readCount, readReset } from '#providers/budget.ts';

/** The minute's count on answers that its first line of limits has counted; those of single endpoints say nothing (PROVIDERS.md 1.2). */
export function readBudget(headers: AnswerHeaders, now: Date): BudgetTold | undefined {
  const remaining = readCount(headers, 'ratelimit-remaining');
  if (remaining === undefined) return undefined;
  return {
    most: readCount(headers, 'ratelimit-limit'),
    remaining,
    resetInMs: readReset(headers, 'ratelimit-reset', now),
    isNearLimit: false,
  };
}
