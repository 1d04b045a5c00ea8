import { createHash } from 'node:crypto';
import type { ParsedFile, Problem } from '#domain/content.ts';
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

/** What a file comes to, in this thread. */
export function readContent(path: string, content: string | Uint8Array): ParsedFile {
  return parseFile(contentFile(path, content));
}

/** A problem in one line, as a table of expectations writes it: `CODE 3:7`. */
export function shortly({ code, line, column }: Problem): string {
  return column === undefined ? `${code} ${line ?? '-'}` : `${code} ${line ?? '-'}:${column}`;
}
