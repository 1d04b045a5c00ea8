import type { Json, JsonObject } from '#domain/words.ts';
import type { DocPath } from '#import/read/document.ts';
import { excerpt } from '#import/read/excerpt.ts';
import { isObject, kindOf } from './data-file.ts';
import type { Report } from './report.ts';

/** `_metadata` of one object, wherever and however it is spelled. */
export interface Metadata {
  readonly values: JsonObject;
  /** The key as written: it is not data. */
  readonly key: string;
  readonly at: DocPath;
}

export const LONGEST_NAME = 255;

/** Finds `_metadata` in an object. Document 002's own YAML example writes it `_metadata"`, which is understood and reported. */
export function findMetadata(report: Report, item: JsonObject, at: DocPath): Metadata | undefined {
  const key = Object.hasOwn(item, '_metadata')
    ? '_metadata'
    : Object.keys(item).find((candidate) => candidate.replaceAll(/["'\s]/g, '') === '_metadata');
  if (key === undefined) {
    report.add('METADATA_MISSING', 'The key _metadata is missing.', at, { help: helpForMissing(item) });
    return undefined;
  }
  const place = [...at, key];
  if (key !== '_metadata') report.add('METADATA_KEY', `The key ${excerpt(key)} is read as _metadata.`, place, { part: 'key' });
  const values = item[key];
  if (!isObject(values)) {
    report.add('METADATA_INVALID', `_metadata must be a mapping, but is ${kindOf(values)}.`, place);
    return undefined;
  }
  return { values, key, at: place };
}

function helpForMissing(item: JsonObject): string | undefined {
  const near = Object.keys(item).find((key) => /^_*meta_?data$/i.test(key));
  return near === undefined ? undefined : `Did you mean _metadata instead of ${excerpt(near)}?`;
}

/** The name that every object needs: 1 to 255 characters. In one Unicode form, so that two names that look equal are equal. */
export function readName(report: Report, metadata: Metadata): string | undefined {
  const value = metadata.values['name'];
  if (value === undefined) {
    report.add('METADATA_MISSING', '_metadata has no name.', metadata.at, { part: 'key' });
    return undefined;
  }
  const place = [...metadata.at, 'name'];
  if (typeof value !== 'string') {
    report.add('METADATA_INVALID', `name must be a text, but is ${kindOf(value)}.`, place, { help: 'Write the name in quotes.' });
    return undefined;
  }
  const problem = nameProblem(value);
  if (problem === undefined) return value.normalize('NFC');
  report.add('METADATA_INVALID', `name ${problem}.`, place);
  return undefined;
}

/** Why a text cannot be a name, or undefined if it can. */
export function nameProblem(text: string): string | undefined {
  if (text.trim() === '') return 'must not be empty';
  if (/\p{Cc}/u.test(text)) return 'must not hold line breaks or other control characters';
  const length = Array.from(text).length;
  return length > LONGEST_NAME ? `must have at most ${LONGEST_NAME} characters, but has ${length}` : undefined;
}

/** A text that may be absent or null, which is the same as empty. */
export function readText(report: Report, metadata: Metadata, key: string, object: string | undefined): string {
  const value = metadata.values[key] ?? '';
  if (typeof value === 'string') return value;
  report.add('METADATA_INVALID', `${key} must be a text, but is ${kindOf(value)}.`, [...metadata.at, key], { object });
  return '';
}

/** The items of a file that holds one object or a list of them. A list's items keep their place. */
export function readItems(
  report: Report,
  value: Json,
  allowsList: boolean,
): readonly { readonly item: JsonObject; readonly at: DocPath }[] {
  if (isObject(value)) return [{ item: value, at: [] }];
  if (!Array.isArray(value) || !allowsList) {
    const wanted = allowsList ? 'a mapping or a list of mappings' : 'one mapping';
    report.add('FILE_SHAPE', `The file must hold ${wanted}, but holds ${kindOf(value)}.`, []);
    return [];
  }
  return (value as readonly Json[]).flatMap((item, index) => {
    if (isObject(item)) return [{ item, at: [index] }];
    report.add('FILE_SHAPE', `Each item of the list must be a mapping, but item ${index + 1} is ${kindOf(item)}.`, [index]);
    return [];
  });
}
