import type { BulkRow } from './database.ts';

/** Where COPY puts its rows. Names are the product's own, never a user's. */
export function copyTarget(table: string, columns: readonly string[]): string {
  return `"${table}" (${columns.map((column) => `"${column}"`).join(', ')})`;
}

/** Rows as whole lines in the text format of PostgreSQL's COPY, gathered to pieces of about this size. */
export function* copyText(rows: Iterable<BulkRow>, characters: number): Generator<string> {
  let text = '';
  for (const row of rows) {
    text += `${row.map(toField).join('\t')}\n`;
    if (text.length < characters) continue;
    yield text;
    text = '';
  }
  if (text !== '') yield text;
}

function toField(value: string | number | null): string {
  if (value === null) return String.raw`\N`;
  if (typeof value === 'number') return String(value);
  return SPECIAL.test(value) ? value.replaceAll(/[\\\n\r\t]/g, (character) => ESCAPES[character] ?? character) : value;
}

const SPECIAL = /[\\\n\r\t]/;
const ESCAPES: Readonly<Record<string, string>> = { '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t' };
