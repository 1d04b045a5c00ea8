/** What Bitbucket calls something that the forge knows by a number, in braces as it writes them. */
export function uuidOf(id: number): string {
  return `{${id.toString(16).padStart(8, '0')}-0b17-4b0c-8e75-000000000000}`;
}

/** NaN for what is none of ours. The braces may be left out. */
export function idOf(uuid: string): number {
  const [, digits] = /^\{?([0-9a-f]{8})-0b17-4b0c-8e75-0{12}\}?$/.exec(uuid) ?? [];
  return digits === undefined ? Number.NaN : Number.parseInt(digits, 16);
}
