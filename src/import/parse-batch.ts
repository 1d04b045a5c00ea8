import { hash } from 'node:crypto';
import type { ParsedFile, ParsedObject } from '#domain/content.ts';
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

function toParsed({ dataAt: _dataAt, body, ...object }: Draft): ParsedObject {
  const json = canonical(body);
  return { ...object, json, hash: hashOf(object.kind, json) };
}

/** SHA-256 of kind and canonical body. */
export function hashOf(kind: string, json: string): string {
  return hash('sha256', `${kind}\n${json}`);
}
