import type { Problem, TreeFile } from '#domain/content.ts';
import { isFailure } from '#domain/failure.ts';
import type { ContentSource, SkippedEntry } from '#git/source.ts';
import type { SelectedFile } from '#import/select-files.ts';
import { selectFiles } from '#import/select-files.ts';
import type { Line } from '#import/store.ts';

/** The files that an import has to look at. */
export interface ChosenFiles {
  /** `all`: everything is read and what is served elsewhere goes; `changed`: only what differs from the served commit. */
  readonly scope: 'all' | 'changed';
  readonly files: readonly SelectedFile[];
  /** With `changed`: every path that differs, those that are gone or no longer wanted included. */
  readonly changedPaths: ReadonlySet<string>;
  readonly problems: readonly Problem[];
}

export interface ChooseRequest {
  readonly source: ContentSource;
  readonly line: Line;
  readonly settings: string;
  readonly force: boolean;
  readonly pathPrefix: string;
  readonly providedContents: readonly string[] | null;
  readonly signal: AbortSignal;
}

export const IGNORE_FILE = '.tributaryignore';

/** The cost of an import follows what changed: the difference to the served commit, unless what it was made with has changed too. */
export async function chooseFiles(request: ChooseRequest): Promise<ChosenFiles> {
  return (await chooseChanged(request)) ?? chooseAll(request);
}

async function chooseAll(request: ChooseRequest): Promise<ChosenFiles> {
  const { source, pathPrefix, signal } = request;
  const listed = await source.listFiles({ prefix: pathPrefix, signal });
  const selected = await select(
    request,
    listed.files,
    listed.files.find((file) => file.path === ignorePath(pathPrefix)),
  );
  const changedPaths = new Set(listed.files.map((file) => file.path));
  return { scope: 'all', files: selected.files, changedPaths, problems: [...skippedProblems(listed.skipped), ...selected.problems] };
}

async function chooseChanged(request: ChooseRequest): Promise<ChosenFiles | undefined> {
  const { source, line, settings, force, pathPrefix, signal } = request;
  if (force || source.diffFiles === undefined || line.goodCommit === undefined || line.goodSettings !== settings) return undefined;
  const difference = await differenceTo(source, line.goodCommit, pathPrefix, signal);
  if (difference === undefined) return undefined;
  const changedPaths = new Set([
    ...difference.changed.map((file) => file.path),
    ...difference.removed,
    ...difference.skipped.map((entry) => entry.path),
  ]);
  const ignore = ignorePath(pathPrefix);
  if (changedPaths.has(ignore)) return undefined;
  const ignoreFile = changedPaths.size === 0 ? undefined : await findFile(source, ignore, signal);
  const selected = await select(request, difference.changed, ignoreFile);
  return {
    scope: 'changed',
    files: selected.files,
    changedPaths,
    problems: [...skippedProblems(difference.skipped), ...selected.problems],
  };
}

/** undefined when the served commit is not here any more (a force push, or a mirror made anew): then everything is read. */
async function differenceTo(source: ContentSource, from: string, prefix: string, signal: AbortSignal) {
  try {
    return await source.diffFiles?.(from, { prefix, signal });
  } catch (error) {
    if (isFailure(error) && error.code === 'REF_NOT_FOUND') return undefined;
    throw error;
  }
}

async function select(
  { source, pathPrefix, providedContents, signal }: ChooseRequest,
  files: readonly TreeFile[],
  ignoreFile: TreeFile | undefined,
) {
  const ignore = ignoreFile === undefined ? undefined : await readText(source, ignoreFile, signal);
  return selectFiles(files, { pathPrefix, providedContents, ignore });
}

async function findFile(source: ContentSource, path: string, signal: AbortSignal): Promise<TreeFile | undefined> {
  const { files } = await source.listFiles({ prefix: path, signal });
  return files.find((file) => file.path === path);
}

async function readText(source: ContentSource, file: TreeFile, signal: AbortSignal): Promise<string> {
  for await (const { bytes } of source.readBlobs([file], signal)) return new TextDecoder().decode(bytes);
  return '';
}

function ignorePath(prefix: string): string {
  return prefix === '' ? IGNORE_FILE : `${prefix}/${IGNORE_FILE}`;
}

function skippedProblems(skipped: readonly SkippedEntry[]): readonly Problem[] {
  return skipped.map(({ path, reason }) => ({
    severity: 'warning',
    code: 'ENTRY_SKIPPED',
    message: `Not read: ${reason}.`,
    help: 'Only plain files are content; put the file itself there.',
    path,
  }));
}
