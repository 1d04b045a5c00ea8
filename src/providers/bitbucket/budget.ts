import type { AnswerHeaders, BudgetTold } from '#providers/contract.ts';
import { readCount } from '#providers/budget.ts';

/** A rolling hour without a number of what is left: only whether that is less than a fifth (PROVIDERS.md 1.3). */
export function readBudget(headers: AnswerHeaders): BudgetTold | undefined {
  const near = headers.get('x-ratelimit-nearlimit');
  const most = readCount(headers, 'x-ratelimit-limit');
  if (near === null && most === undefined) return undefined;
  return { most, remaining: undefined, resetInMs: undefined, isNearLimit: near?.toLowerCase() === 'true' };
}
