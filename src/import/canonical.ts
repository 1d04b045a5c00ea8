import type { Json } from '#domain/words.ts';

/**
 * One text for all spellings of a value: keys sorted by UTF-16 code unit, so that neither a file's order nor jsonb's is a difference.
 * One JSON.stringify over a sorted copy takes a third of the time of joining pieces; a value with a key that objects put into an order
 * of their own is joined.
 */
export function canonical(value: Json): string {
  const copy = sorted(value);
  return copy === undefined ? joined(value) : JSON.stringify(copy);
}

interface Mapping {
  readonly [key: string]: Json;
}

/** undefined when a key looks like an index, which comes first whatever was there before, or is `__proto__`, which setting does not make a property. */
function sorted(value: Json): Json | undefined {
  if (value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) return sortedList(value);
  const copy: Record<string, Json> = {};
  for (const key of Object.keys(value).toSorted()) {
    const first = key.charCodeAt(0);
    const item = (first >= ZERO && first <= NINE) || key === '__proto__' ? undefined : sorted((value as Mapping)[key] ?? null);
    if (item === undefined) return undefined;
    copy[key] = item;
  }
  return copy;
}

const ZERO = 0x30;
const NINE = 0x39;

function sortedList(list: readonly Json[]): readonly Json[] | undefined {
  const copy: Json[] = [];
  for (const value of list) {
    const item = sorted(value);
    if (item === undefined) return undefined;
    copy.push(item);
  }
  return copy;
}

function joined(value: Json): string {
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map((item: Json) => joined(item)).join(',')}]`;
  const keys = Object.keys(value).toSorted();
  return `{${keys.map((key) => `${JSON.stringify(key)}:${joined((value as Mapping)[key] ?? null)}`).join(',')}}`;
}
