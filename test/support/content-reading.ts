import { createHash } from 'node:crypto';
import type { ParsedFile, ParsedObject, Problem } from '#domain/content.ts';
import type { JsonObject } from '#domain/words.ts';
import { parseFile } from '#import/parse-batch.ts';
import type { BatchFile } from '#import/parse-batch.ts';
import { selectFiles } from '#import/select-files.ts';

/** A file at a path that an importer reads, as a worker gets it. */
export function contentFile(path: string, content: string | Uint8Array): BatchFile {
  const bytes = Buffer.from(content);
  const blobId = createHash('sha1').update(bytes).digest('hex');
  const selected = selectFiles([{ path, blobId, sizeBytes: bytes.length }], { pathPrefix: '', providedContents: null, ignore: undefined });
  const [file] = selected.files;
  if (file === undefined) throw new Error(`no importer reads ${path}`);
  return { path, rule: file.rule, blobId, bytes };
}

/** A file as it was read, with the bodies of its objects beside their text. */
export interface ReadFile extends ParsedFile {
  readonly objects: readonly (ParsedObject & { readonly body: JsonObject })[];
}

/** What a file comes to, in this thread. */
export function readContent(path: string, content: string | Uint8Array): ReadFile {
  return withBodies(parseFile(contentFile(path, content)));
}

export function withBodies(file: ParsedFile): ReadFile {
  return { ...file, objects: file.objects.map((object) => ({ ...object, body: JSON.parse(object.json) as JsonObject })) };
}

/** A problem in one line, as a table of expectations writes it: `CODE 3:7`. */
export function shortly({ code, line, column }: Problem): string {
  return column === undefined ? `${code} ${line ?? '-'}` : `${code} ${line ?? '-'}:${column}`;
}
