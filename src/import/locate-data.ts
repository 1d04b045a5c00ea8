import type { BatchFile } from './parse-batch.ts';
import { importerOf } from './importers.ts';
import { readDocument } from './read/read-document.ts';
import { pointerToPath } from './schema/compile.ts';

/** A place in the data of one of a file's objects. */
export interface DataPlace {
  readonly key: string;
  readonly pointer: string;
}

export interface FoundPlace {
  readonly line: number;
  readonly column: number;
}

/** Where in the file these pieces of data are written; undefined for an object that the file does not hold. Reads the file with positions. */
export function locateData(file: BatchFile, places: readonly DataPlace[]): readonly (FoundPlace | undefined)[] {
  const { document } = readDocument(file.path, file.bytes);
  const dataAtByKey = new Map(
    importerOf(file.rule)
      .parse(file)
      .drafts.map((draft) => [draft.key, draft.dataAt]),
  );
  return places.map(({ key, pointer }) => {
    const dataAt = dataAtByKey.get(key);
    return document === undefined || dataAt === undefined ? undefined : document.locate([...dataAt, ...pointerToPath(pointer)]);
  });
}
