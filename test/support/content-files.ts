/** A config context as document 002 writes it. */
export function context(name: string, data: Readonly<Record<string, unknown>> = { 'ntp-servers': ['172.16.10.22'] }): string {
  return `${JSON.stringify({ _metadata: { name, weight: 1_000 }, ...data }, null, 2)}\n`;
}
