import type { Token } from '#cli/client/tokens.ts';
import { printable } from './printable.ts';

const DAY_MS = 86_400_000;

/** A line for each token, in columns: state, name, provider, end, repositories, and why where there is a reason. */
export function tokenLines(tokens: readonly Token[], now: number): readonly string[] {
  const rows = tokens.map((token) => [
    token.state,
    printable(token.name),
    token.provider,
    endOf(token, now),
    `${token.repositories_count} ${token.repositories_count === 1 ? 'repository' : 'repositories'}`,
    token.reason ?? '',
  ]);
  const widths = (rows[0] ?? []).map((_cell, at) => Math.max(...rows.map((row) => (row[at] ?? '').length)));
  return rows.map((row) =>
    row
      .map((cell, at) => cell.padEnd(widths[at] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}

function endOf({ expires_at: end }: Token, now: number): string {
  if (end === null) return 'no known end';
  const days = Math.ceil((Date.parse(end) - now) / DAY_MS);
  return `${end.slice(0, 10)} (${days > 0 ? `in ${days} ${days === 1 ? 'day' : 'days'}` : 'over'})`;
}
