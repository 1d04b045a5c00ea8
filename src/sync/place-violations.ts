import type { Problem } from '#domain/content.ts';
import { isSkipped } from '#git/listing.ts';
import type { ContentSource } from '#git/source.ts';
import type { FileList } from '#import/file-list.ts';
import type { Violation } from '#import/check-data.ts';
import type { ParsePool } from '#import/parse-pool.ts';
import { compareProblems } from '#import/problem-codes.ts';
import type { SelectedFile } from '#import/select-files.ts';
import { createSelector } from '#import/select-files.ts';

export interface PlaceRequest {
  readonly source: ContentSource;
  readonly files: FileList;
  readonly pathPrefix: string;
  readonly signal: AbortSignal;
}

/** Files whose violations are placed exactly; beyond, they keep the place of their object. Each one is read again. */
const MOST_FILES = 200;

/** Violations as problems at the line and column of the value that is wrong. Checking needs no positions, so the few files concerned are read again for them. */
export async function placeViolations(
  pool: ParsePool,
  request: PlaceRequest,
  violations: readonly Violation[],
): Promise<readonly Problem[]> {
  const byPath = Map.groupBy(violations, ({ problem }) => problem.path ?? '');
  const files = await findFiles(request, new Set([...byPath.keys()].slice(0, MOST_FILES)));
  const wanted = [...files.values()].map(({ file }) => file);
  const placed: Problem[] = [];
  for await (const { file, bytes } of request.source.readBlobs(wanted, request.signal)) {
    const inFile = byPath.get(file.path) ?? [];
    byPath.delete(file.path);
    const batchFile = { path: file.path, rule: files.get(file.path)?.rule ?? '', blobId: file.blobId, bytes };
    const places = await pool.locate(batchFile, inFile, request.signal);
    placed.push(...inFile.map(({ problem }, index) => ({ ...problem, ...places[index] })));
  }
  placed.push(...[...byPath.values()].flat().map(({ problem }) => problem));
  return placed.toSorted(compareProblems);
}

/** The files at these paths: among those that were read, or unchanged ones under a schema that did change. */
async function findFiles(
  { source, files, pathPrefix, signal }: PlaceRequest,
  paths: ReadonlySet<string>,
): Promise<ReadonlyMap<string, SelectedFile>> {
  const found = new Map<string, SelectedFile>();
  const missing = new Set(paths);
  if (missing.size === 0) return found;
  for (const selected of files) if (missing.delete(selected.file.path)) found.set(selected.file.path, selected);
  if (missing.size === 0) return found;
  const selector = createSelector({ pathPrefix, providedContents: null, ignore: undefined });
  await source.visitFiles({ prefix: pathPrefix, signal }, (file) => {
    if (isSkipped(file) || !missing.delete(file.path)) return;
    const choice = selector.choose(file);
    if (choice !== undefined) found.set(file.path, { file, ...choice });
  });
  return found;
}
