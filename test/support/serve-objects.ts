import { createHash } from 'node:crypto';
import type { Database } from '#db/database.ts';
import type { ContentKind, ParsedFile } from '#domain/content.ts';
import type { JsonObject } from '#domain/words.ts';
import { importFiles } from './staging.ts';

export interface Served {
  readonly kind: ContentKind;
  readonly name: string;
  readonly body: JsonObject;
  readonly path: string;
  readonly line?: number;
}

/** Brings objects into a repository on `main` as an import of these files does, as one commit. */
export async function serveObjects(
  database: Database,
  place: { readonly organizationId: string; readonly repositoryId: string; readonly commit: string },
  objects: readonly Served[],
): Promise<void> {
  const files = objects.map(toFile);
  await importFiles({ database, ...place }, { files }, place.commit);
}

function toFile({ kind, name, body, path, line = 1 }: Served): ParsedFile {
  const json = JSON.stringify(body);
  const hash = createHash('sha256')
    .update(JSON.stringify([kind, body]))
    .digest('hex');
  return { path, blobId: '', objects: [{ kind, key: name, name, json, hash, path, line }], problems: [] };
}
