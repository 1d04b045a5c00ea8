/** A time as Nautobot prints it: ISO 8601 in UTC with six digits of a second. */
export function printTime(at: Date): string {
  return at.toISOString().replace('Z', '000Z');
}

export function printTimeOrNull(at: Date | null): string | null {
  return at === null ? null : printTime(at);
}
