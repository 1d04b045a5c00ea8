import type { Result } from '#domain/result.ts';
import type { ReadResult } from './document.ts';
import { readJson } from './json.ts';
import { decodeText } from './text.ts';
import { readYaml } from './yaml.ts';

/** Extensions of files that hold data, lower case. */
export const DATA_EXTENSIONS = ['.json', '.yaml', '.yml'] as const;

/** Reads a data file by its extension: `.json` as JSON, everything else as YAML. */
export function readDocument(path: string, bytes: Uint8Array): ReadResult {
  const text: Result<string, ReadResult['problems'][number]> = decodeText(path, bytes, 'drop');
  if (!text.ok) return { problems: [text.error] };
  return path.toLowerCase().endsWith('.json') ? readJson(path, text.value) : readYaml(path, text.value);
}
