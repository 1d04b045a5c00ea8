/** No longer than so many characters, counted as Bitbucket does: by code point. */
export function shorten(text: string, most: number): string {
  const points = Array.from(text);
  return points.length <= most ? text : `${points.slice(0, most - 1).join('')}…`;
}
