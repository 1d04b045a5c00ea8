/** A readable name for an object that is still its own: its name in lower case with dashes, and the start of its id. */
export function naturalSlug(name: string, id: string): string {
  const readable = name
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '');
  return `${readable}_${id.slice(0, 4)}`;
}
