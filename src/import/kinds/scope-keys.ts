/** What a config context can be scoped to, in the words of document 002's system. The order is that of the stored scope. */
export const SCOPE_KEYS = [
  'locations',
  'device_types',
  'device_families',
  'roles',
  'platforms',
  'cluster_groups',
  'clusters',
  'tenant_groups',
  'tenants',
  'tags',
  'dynamic_groups',
  'device_redundancy_groups',
] as const;
export type ScopeKey = (typeof SCOPE_KEYS)[number];

/** Scopes of older versions and near words, and what they are called now. Taken for typos they would match nothing. */
const OTHER_NAMES: Readonly<Record<string, ScopeKey>> = {
  regions: 'locations',
  region: 'locations',
  sites: 'locations',
  site: 'locations',
  site_groups: 'locations',
  location: 'locations',
  device_roles: 'roles',
  device_role: 'roles',
  models: 'device_types',
  families: 'device_families',
  groups: 'dynamic_groups',
};

/** The scope key that a key or folder names, in either spelling (`device-types`, `device_types`). */
export function toScopeKey(name: string): ScopeKey | undefined {
  const spelled = name.replaceAll('-', '_');
  return SCOPE_KEYS.find((key) => key === spelled);
}

/** The scope key that was probably meant. */
export function suggestScopeKey(name: string): ScopeKey | undefined {
  const spelled = name.toLowerCase().replaceAll('-', '_');
  return OTHER_NAMES[spelled] ?? closest(spelled, SCOPE_KEYS);
}

/** The candidate at most two typing mistakes away, and less than half of the word. */
export function closest<T extends string>(word: string, candidates: readonly T[]): T | undefined {
  const ranked = candidates.map((candidate) => ({ candidate, distance: editDistance(word, candidate) }));
  const best = ranked.toSorted((a, b) => a.distance - b.distance)[0];
  return best !== undefined && best.distance <= 2 && best.distance * 2 < word.length ? best.candidate : undefined;
}

/** Levenshtein distance; 3 stands for "3 or more", so a key of any length costs nothing. */
function editDistance(a: string, b: string): number {
  if (Math.abs(a.length - b.length) > 2) return 3;
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (const [index, letter] of Array.from(a).entries()) {
    const next = [index + 1];
    for (let column = 1; column <= b.length; column += 1) {
      const replaced = (row[column - 1] ?? 0) + (letter === b[column - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[column] ?? 0) + 1, (next[column - 1] ?? 0) + 1));
    }
    row = next;
  }
  return Math.min(3, row[b.length] ?? 3);
}
