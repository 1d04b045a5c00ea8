/** PostgreSQL stores no NUL in a text and refuses to compare with one, in `jsonb` too. */
const NOT_STORED = '\0';

/**
 * Names of the fields of a JSON body, or of the parameters of a query, that hold a NUL somewhere: in the name, a text, a list or an
 * object within. Without recursion, since a body may be nested more deeply than the stack is. Anything but plain data holds none.
 */
export function fieldsWithNul(fields: unknown): readonly string[] {
  if (!isPlain(fields)) return [];
  return Object.entries(fields).flatMap(([name, value]) => (holdsNul([name, value]) ? [name] : []));
}

function holdsNul(start: unknown): boolean {
  const open = [start];
  while (open.length > 0) {
    const value = open.pop();
    if (typeof value === 'string' && value.includes(NOT_STORED)) return true;
    if (Array.isArray(value)) for (const item of value) open.push(item);
    else if (isPlain(value)) for (const [name, item] of Object.entries(value)) open.push(name, item);
  }
  return false;
}

function isPlain(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  // A parsed query has a prototype of its parser's own, with nothing above it.
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}
