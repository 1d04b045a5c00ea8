import { createHash } from 'node:crypto';
import type { ParsedFile, ParsedObject } from '#domain/content.ts';
import type { Json } from '#domain/words.ts';
import { canonical } from './canonical.ts';
import type { Draft } from './importer.ts';
import { importerOf } from './importers.ts';

/** A file as it goes to a worker. */
export interface BatchFile {
  readonly path: string;
  readonly rule: string;
  readonly blobId: string;
  readonly bytes: Uint8Array;
}

/** Parses files one after the other. What it comes to depends on the files alone. */
export function parseBatch(files: readonly BatchFile[]): readonly ParsedFile[] {
  return files.map(parseFile);
}

export function parseFile(file: BatchFile): ParsedFile {
  const { drafts, problems } = importerOf(file.rule).parse(file);
  return { path: file.path, blobId: file.blobId, objects: drafts.map(toParsed), problems };
}

function toParsed({ dataAt: _dataAt, ...object }: Draft): ParsedObject {
  return { ...object, hash: hashOf(object.kind, object.body) };
}

/** SHA-256 of kind and body in one canonical form: keys sorted, so that the order in a file is no difference. */
export function hashOf(kind: string, body: Json): string {
  return createHash('sha256')
    .update(`${kind}\n${canonical(body)}`)
    .digest('hex');
}
