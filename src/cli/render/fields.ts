import type { ObjectDifference } from '#cli/client/shapes.ts';

const LONGEST_VALUE = 200;

/** One line for each field that differs: its JSON Pointer, the value before and the value after. */
export function fieldLines(fields: NonNullable<ObjectDifference['fields']>): readonly string[] {
  return fields.map(({ path, before, after }) => {
    const name = path === '' ? '(all)' : path;
    if (before === undefined) return `+ ${name}: ${show(after)}`;
    if (after === undefined) return `- ${name}: ${show(before)}`;
    return `~ ${name}: ${show(before)} -> ${show(after)}`;
  });
}

/** As JSON, so that "1" and 1 look different; on one line, so that content cannot draw lines of its own. */
function show(value: unknown): string {
  const text = JSON.stringify(value);
  return text.length > LONGEST_VALUE ? `${text.slice(0, LONGEST_VALUE)}…` : text;
}
