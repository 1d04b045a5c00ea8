/**
 * Text from repositories as a terminal may show it. Names and messages hold whatever was committed, and a terminal obeys control
 * characters: they could move the cursor, set a title or hide a line.
 */
export function printable(text: string): string {
  return text.replaceAll(CONTROL, (character) => (character === '\n' || character === '\t' ? ' ' : '\u{FFFD}'));
}

/** Control characters of both sets, line separators, and those that change the direction of text. */
const CONTROL = /[\p{Cc}\u2028\u2029\u202A-\u202E\u2066-\u2069]/gu;

/** The same data with every text in it printable. */
export function printableData<T>(data: T): T {
  const copy: T = JSON.parse(JSON.stringify(data), (_key, value: unknown) => (typeof value === 'string' ? printable(value) : value));
  return copy;
}
