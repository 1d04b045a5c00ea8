import type { ImportCounts, Problem } from '#domain/content.ts';

/** What a provider shows of a status (PROVIDERS.md 3.1: GitHub refuses more). */
const MOST_CHARACTERS = 140;

/** A run in words, short enough for a status: "3 added, 1 changed", "nothing changed", "2 errors in config_contexts/NYC.yaml:14, :31". */
export function summaryWords(counts: ImportCounts, problems: readonly Problem[]): string {
  if (counts.errors > 0) return cut(`${plural(counts.errors, 'error')}${placesOf(problems)}`);
  const parts = [
    counts.added > 0 ? `${counts.added} added` : '',
    counts.changed > 0 ? `${counts.changed} changed` : '',
    counts.removed > 0 ? `${counts.removed} removed` : '',
  ].filter((part) => part !== '');
  const what = parts.length === 0 ? 'nothing changed' : parts.join(', ');
  return counts.warnings === 0 ? what : `${what}, ${plural(counts.warnings, 'warning')}`;
}

/** Where the errors are: each file once, with its lines. */
function placesOf(problems: readonly Problem[]): string {
  const linesByPath = new Map<string, number[]>();
  for (const { severity, path, line } of problems) {
    if (severity !== 'error' || path === undefined) continue;
    const lines = linesByPath.get(path) ?? [];
    linesByPath.set(path, line === undefined || lines.includes(line) ? lines : [...lines, line]);
  }
  if (linesByPath.size === 0) return '';
  const places = [...linesByPath].map(([path, lines]) => (lines.length === 0 ? path : `${path}:${lines.join(', :')}`));
  return ` in ${places.join('; ')}`;
}

function plural(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? '' : 's'}`;
}

function cut(text: string): string {
  const points = Array.from(text);
  return points.length <= MOST_CHARACTERS ? text : `${points.slice(0, MOST_CHARACTERS - 1).join('')}…`;
}
