import type { Problem } from '#domain/content.ts';
import type { ContentSource } from '#git/source.ts';
import type { FileList } from '#import/file-list.ts';
import type { Violation } from '#import/check-data.ts';
import type { ParsePool } from '#import/parse-pool.ts';
import { compareProblems } from '#import/problem-codes.ts';
import type { SelectedFile } from '#import/select-files.ts';
import { selectFiles } from '#import/select-files.ts';

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
  const placedPaths = new Set([...byPath.keys()].slice(0, MOST_FILES));
  const selected = new Map(
    violations.length === 0
      ? []
      : Iterator.from(request.files)
          .filter(({ file }) => placedPaths.has(file.path))
          .map((each) => [each.file.path, each] as const),
  );
  const placed: Problem[] = [];
  for (const [path, inFile] of byPath) {
    const places = placedPaths.has(path) ? await locate(pool, request, selected.get(path), path, inFile) : [];
    placed.push(...inFile.map(({ problem }, index) => ({ ...problem, ...places[index] })));
  }
  return placed.toSorted(compareProblems);
}

async function locate(
  pool: ParsePool,
  request: PlaceRequest,
  read: SelectedFile | undefined,
  path: string,
  violations: readonly Violation[],
) {
  const selected = read ?? (await findUnchanged(request, path));
  if (selected === undefined) return [];
  for await (const { bytes } of request.source.readBlobs([selected.file], request.signal)) {
    const file = { path, rule: selected.rule, blobId: selected.file.blobId, bytes };
    return pool.locate(file, violations, request.signal);
  }
  return [];
}

/** A context in a file that did not change, under a schema that did. */
async function findUnchanged({ source, pathPrefix, signal }: PlaceRequest, path: string): Promise<SelectedFile | undefined> {
  const { files } = await source.listFiles({ prefix: path, signal });
  return selectFiles(files, { pathPrefix, providedContents: null, ignore: undefined }).files.find(({ file }) => file.path === path);
}
