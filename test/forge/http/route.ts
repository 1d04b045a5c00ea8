/** A path pattern: `{name}` is one segment, `{name*}` one or more. */
export interface PathPattern {
  readonly expression: RegExp;
}

export function compilePath(pattern: string): PathPattern {
  const source = pattern
    .replaceAll(/[.+]/g, String.raw`\$&`)
    .replaceAll(/\{(\w+)(\*?)\}/g, (_, name: string, many: string) => `(?<${name}>${many === '' ? '[^/]+' : '.+'})`);
  return { expression: new RegExp(`^${source}$`) };
}

/** The decoded parameters, or undefined when the path is another one. */
export function matchPath({ expression }: PathPattern, path: string): Readonly<Record<string, string>> | undefined {
  const match = expression.exec(path);
  if (match === null) return undefined;
  return Object.fromEntries(Object.entries(match.groups ?? {}).map(([name, value]) => [name, decode(value)]));
}

/** What cannot be decoded stays as it is, and matches nothing. */
export function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
