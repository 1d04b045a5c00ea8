import type { Result } from './result.ts';
import { err, ok } from './result.ts';

/** How a field is compared; `''` is equality. Nautobot's names, so that its users' queries mean the same here. */
export const LOOKUPS = ['', 'n', 'ic', 'nic', 'isw', 'nisw', 'iew', 'niew', 'ie', 'nie', 're', 'nre', 'ire', 'nire', 'isnull'] as const;
export type Lookup = (typeof LOOKUPS)[number];

/** What values of a field look like, which decides the lookups it takes. */
export type FieldType = 'text' | 'uuid' | 'number' | 'boolean';

export interface Filter {
  readonly field: string;
  readonly type: FieldType;
  readonly lookup: Lookup;
  /** Any of them matches; for a negated lookup none may. */
  readonly values: readonly string[];
}

/** Query parameters by name, as often as they were given. */
export type Query = Readonly<Record<string, readonly string[]>>;

const PLAIN_LOOKUPS: readonly Lookup[] = ['', 'n', 'isnull'];
/** Longer ones serve nobody and cost the database. */
const REGEX_CHARACTERS = 200;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** Reads filters from a query; errors name each parameter that is not one, or holds no value of its type. */
export function readFilters(
  query: Query,
  fields: Readonly<Record<string, FieldType>>,
): Result<readonly Filter[], Readonly<Record<string, readonly string[]>>> {
  const filters: Filter[] = [];
  const errors: Record<string, readonly string[]> = {};
  for (const [parameter, values] of Object.entries(query)) {
    const [field = '', lookup = ''] = parameter.split('__', 2);
    const type = Object.hasOwn(fields, field) ? fields[field] : undefined;
    const known = LOOKUPS.find((name) => name === lookup);
    const unknown = type === undefined || known === undefined || parameter.endsWith('__') || parameter.split('__').length > 2;
    if (unknown || (type !== 'text' && !PLAIN_LOOKUPS.includes(known))) {
      errors[parameter] = ['Unknown filter field'];
      continue;
    }
    const problem = values.map((value) => valueProblem(known, type, value)).find((text) => text !== undefined);
    if (problem === undefined) filters.push({ field, type, lookup: known, values });
    else errors[parameter] = [problem];
  }
  return Object.keys(errors).length > 0 ? err(errors) : ok(filters);
}

function valueProblem(lookup: Lookup, type: FieldType, value: string): string | undefined {
  // PostgreSQL stores no NUL in text and refuses to compare with one.
  if (value.includes('\0')) return 'Holds a NUL character.';
  if (lookup === 'isnull') return isBoolean(value) ? undefined : `"${value}" is not true or false.`;
  if (lookup.endsWith('re')) return regexProblem(value);
  switch (type) {
    case 'uuid':
      return UUID.test(value) ? undefined : `"${value}" is not a valid UUID.`;
    case 'number':
      return /^-?\d{1,15}$/.test(value) ? undefined : `"${value}" is not a whole number.`;
    case 'boolean':
      return isBoolean(value) ? undefined : `"${value}" is not true or false.`;
    case 'text':
      return undefined;
  }
}

/** PostgreSQL's engine takes time in proportion to the text, except for back references: those are refused. */
function regexProblem(value: string): string | undefined {
  if (value.length > REGEX_CHARACTERS) return `Is longer than ${REGEX_CHARACTERS} characters.`;
  return /\\[1-9]/.test(value) ? 'Back references are not supported.' : undefined;
}

function isBoolean(value: string): boolean {
  return ['true', 'false', '1', '0'].includes(value.toLowerCase());
}

/** True for a search that the database must be kept from taking too long over. */
export function hasRegex(filters: readonly Filter[]): boolean {
  return filters.some((filter) => filter.lookup.endsWith('re'));
}

/** Value of a boolean filter or flag that `readFilters` let through. */
export function isTrue(value: string): boolean {
  return value.toLowerCase() === 'true' || value === '1';
}
