import type { Json, JsonObject } from '#domain/words.ts';
import type { NearMiss } from '#import/importer.ts';
import { excerpt } from '#import/read/excerpt.ts';
import { DATA_EXTENSIONS } from '#import/read/read-document.ts';

/** Name of a file without its last extension: `jcy-spine-01.infra.yml` is `jcy-spine-01.infra`. In one Unicode form, whatever the system that committed it. */
export function stemOf(path: string): string {
  return baseOf(path)
    .replace(/\.[^.]*$/, '')
    .normalize('NFC');
}

export function baseOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

export function isDataFile(name: string): boolean {
  const lower = name.toLowerCase();
  return DATA_EXTENSIONS.some((extension) => lower.endsWith(extension));
}

/** Files that people keep beside content and that no one takes for content: dot files, read-mes, licences. */
export function isSideFile(name: string): boolean {
  return name.startsWith('.') || /^(?:readme|license|licence|changelog|codeowners)(?:\.|$)/i.test(name) || /\.(?:md|rst)$/i.test(name);
}

/** A file in a folder of data files that is no data file. */
export function wrongExtension(path: string): NearMiss {
  return { subject: path, code: 'FILE_IGNORED', message: 'Not imported: data files end in .json, .yaml or .yml.' };
}

/** A folder where only files are read. */
export function tooDeep(path: string, levels: number, help: string): NearMiss {
  const folder = path.split('/').slice(0, levels).join('/');
  return {
    subject: folder,
    code: 'FILE_IGNORED',
    message: `Not imported: folders inside ${excerpt(folder.split('/').slice(0, -1).join('/'), 100)}/ are not read.`,
    help,
  };
}

export function isObject(value: Json | undefined): value is JsonObject {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}

/** What a value is, in the words of a message. */
export function kindOf(value: Json | undefined): string {
  if (value === undefined) return 'missing';
  if (value === null) return 'empty';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a mapping';
  if (typeof value === 'string') return 'a text';
  return typeof value === 'number' ? `the number ${value}` : String(value);
}
