import type { BudgetRow } from './store.ts';

/** A credential's budget of calls, as every interface shows it. */
export interface ShownRate {
  readonly limit: number | null;
  /** null: the provider tells no number. */
  readonly remaining: number | null;
  readonly reset_at: string | null;
}

export function showRate(row: BudgetRow | undefined, now: Date): ShownRate | null {
  if (row?.reset_at == null || row.reset_at <= now) return null;
  return { limit: row.most, remaining: row.remaining, reset_at: row.reset_at.toISOString() };
}
