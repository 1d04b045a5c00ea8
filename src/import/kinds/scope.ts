import type { Json, JsonObject } from '#domain/words.ts';
import { excerpt } from '#import/read/excerpt.ts';
import type { DocPath } from '#import/read/document.ts';
import { isObject, kindOf } from './data-file.ts';
import type { Metadata } from './metadata.ts';
import type { Report } from './report.ts';
import type { ScopeKey } from './scope-keys.ts';
import { SCOPE_KEYS, closest, suggestScopeKey, toScopeKey } from './scope-keys.ts';

/** Keys of a config context's `_metadata` that are not scopes. */
export const CONTEXT_KEYS = ['name', 'weight', 'description', 'is_active', 'config_context_schema', 'schema'] as const;

type Scope = Partial<Record<ScopeKey, readonly JsonObject[]>>;

/**
 * The scope of a config context. A key that names no scope is an error wherever it could have been meant as one: without it the context would
 * silently apply everywhere. `implicit` comes from the folder and file name.
 */
export function readScope(
  report: Report,
  metadata: Metadata,
  object: string | undefined,
  implicit?: { readonly key: ScopeKey; readonly ref: JsonObject },
): JsonObject {
  const found: Scope = {};
  for (const [key, value] of Object.entries(metadata.values)) {
    if ((CONTEXT_KEYS as readonly string[]).includes(key)) continue;
    const place = [...metadata.at, key];
    const scopeKey = toScopeKey(key);
    if (scopeKey === undefined) reportUnknown(report, key, value, place, object);
    else if (found[scopeKey] === undefined) found[scopeKey] = readRefs(report, key, value, place, object);
    else report.add('SCOPE_INVALID', `${scopeKey} is given in two spellings.`, place, { part: 'key', object });
  }
  if (implicit !== undefined) {
    const given = found[implicit.key] ?? [];
    const text = JSON.stringify(implicit.ref);
    found[implicit.key] = given.some((ref) => JSON.stringify(ref) === text) ? given : [...given, implicit.ref];
  }
  return Object.fromEntries(SCOPE_KEYS.flatMap((key) => (found[key] === undefined ? [] : [[key, found[key]]])));
}

function reportUnknown(report: Report, key: string, value: Json, place: DocPath, object: string | undefined): void {
  const extra = { part: 'key', object } as const;
  const scope = suggestScopeKey(key);
  if (scope !== undefined || (value !== null && typeof value === 'object')) {
    const guess = scope === undefined ? '' : `Did you mean ${scope}? `;
    const help = `${guess}Known scopes are ${SCOPE_KEYS.join(', ')}.`;
    report.add('SCOPE_UNKNOWN', `${excerpt(key)} is not a scope; without it the context would apply everywhere.`, place, {
      ...extra,
      help,
    });
    return;
  }
  const meant = closest(key.toLowerCase().replaceAll('-', '_'), CONTEXT_KEYS);
  if (meant === undefined) report.add('METADATA_UNKNOWN', `${excerpt(key)} means nothing in _metadata and is ignored.`, place, extra);
  else report.add('METADATA_INVALID', `${excerpt(key)} means nothing in _metadata.`, place, { ...extra, help: `Did you mean ${meant}?` });
}

function readRefs(report: Report, key: string, value: Json, place: DocPath, object: string | undefined): readonly JsonObject[] {
  if (!Array.isArray(value)) {
    report.add('SCOPE_INVALID', `${key} must be a list of mappings, but is ${kindOf(value)}.`, place, { object });
    return [];
  }
  return (value as readonly Json[]).flatMap((ref, index) => {
    const problem = refProblem(ref);
    if (problem === undefined && isObject(ref)) return [ref];
    const help = typeof ref === 'string' ? `Write {"name": "${excerpt(ref)}"}.` : undefined;
    report.add('SCOPE_INVALID', `Item ${index + 1} of ${key} ${problem}.`, [...place, index], { object, help });
    return [];
  });
}

/** A reference is one or more attributes with plain values, all of which must match. Lookups such as `name__ic` are not attributes. */
function refProblem(ref: Json): string | undefined {
  if (!isObject(ref)) return `must be a mapping such as {"name": "NYC"}, but is ${kindOf(ref)}`;
  const entries = Object.entries(ref);
  if (entries.length === 0) return 'is an empty mapping, which would match everything';
  for (const [attribute, value] of entries) {
    if (attribute.includes('__')) return `uses the lookup ${excerpt(attribute)}; only attributes can be named`;
    if (value === null || typeof value === 'object') return `has ${excerpt(attribute)} that is ${kindOf(value)}, not a plain value`;
  }
  return undefined;
}
