/** A piece of a file that is safe and short enough for a message: control and direction characters escaped, at most `max` code points. */
export function excerpt(text: string, max = 60): string {
  const points = Array.from(text.length > max * 2 ? text.slice(0, max * 2) : text);
  const cut = points.length > max || text.length > max * 2;
  const shown = (cut ? points.slice(0, max - 1) : points).join('').replace(UNSAFE, escapeCharacter);
  return cut ? `${shown}…` : shown;
}

// Control characters, direction overrides, zero-width and line separators, and lone surrogates: what could forge or hide a line of a log.
const UNSAFE = /[\p{Cc}\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff\p{Cs}]/gu;

function escapeCharacter(character: string): string {
  return `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`;
}
