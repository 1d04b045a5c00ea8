import type { AnswerHeaders, BudgetTold } from '#providers/contract.ts';
import { readCount, readReset } from '#providers/budget.ts';

/** The hour's count of the REST API, on every answer. Searches and GraphQL have counts of their own, which are not used (PROVIDERS.md 1.1). */
export function readBudget(headers: AnswerHeaders, now: Date): BudgetTold | undefined {
  const resource = headers.get('x-ratelimit-resource');
  const remaining = readCount(headers, 'x-ratelimit-remaining');
  if (remaining === undefined || (resource !== null && resource !== 'core')) return undefined;
  return {
    most: readCount(headers, 'x-ratelimit-limit'),
    remaining,
    resetInMs: readReset(headers, 'x-ratelimit-reset', now),
    isNearLimit: false,
  };
}

/** What people see appear, which GitHub allows 80 times a minute and 500 an hour; a status or a webhook is none of it. */
export function createsContent(method: string, path: string): boolean {
  return method === 'POST' && /\/(?:comments|issues|pulls|reviews|releases|reactions)(?:\/\d+\/replies)?\/?$/.test(path);
}
