import type { MissingPermission } from '#domain/token.ts';

/** One entry for each permission, with every reason for which it is needed, each once. */
export function mergeMissing(missing: readonly MissingPermission[]): readonly MissingPermission[] {
  const merged = new Map<string, MissingPermission>();
  for (const one of missing) {
    const known = merged.get(one.permission);
    if (known?.why.includes(one.why) === true) continue;
    merged.set(one.permission, known === undefined ? one : { ...known, why: `${known.why} ${one.why}` });
  }
  return [...merged.values()];
}
