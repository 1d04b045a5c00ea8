import type { Problem, TreeFile } from '#domain/content.ts';
import { Failure, isFailure } from '#domain/failure.ts';
import { isSkipped } from '#git/listing.ts';
import type { ContentSource, SkipReason, SkippedEntry, TreeDifference } from '#git/source.ts';
import type { FileList, FileListBuilder } from '#import/file-list.ts';
import { createFileList } from '#import/file-list.ts';
import { makeProblem } from '#import/problem-codes.ts';
import type { Selector } from '#import/select-files.ts';
import { createSelector, selectFiles } from '#import/select-files.ts';
import type { Line } from '#import/store.ts';

/** The files that an import has to look at. */
export type ChosenFiles = ChosenAll | ChosenChanges;

/** Everything is read, and what is served and not among it goes. */
interface ChosenAll {
  readonly scope: 'all';
  readonly files: FileList;
  readonly problems: readonly Problem[];
}

/** Only what differs from the served commit. */
interface ChosenChanges {
  readonly scope: 'changed';
  readonly files: FileList;
  /** Every path that differs, those that are gone or no longer wanted included. */
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

async function chooseAll(request: ChooseRequest): Promise<ChosenAll> {
  const { source, pathPrefix, signal } = request;
  const ignore = await readIgnore(request, await source.findFile(ignorePath(pathPrefix), signal));
  const selector = createSelector({ ...request, ignore });
  const files = createFileList();
  const skipped: SkippedEntry[] = [];
  let isThere = pathPrefix === '';
  await source.visitFiles({ prefix: pathPrefix, signal }, (entry) => {
    isThere = true;
    if (isSkipped(entry)) skipped.push(entry);
    else addChosen(files, selector, entry);
  });
  if (!isThere) throw folderNotFound(pathPrefix);
  return { scope: 'all', files, problems: [...skippedProblems(request, skipped, ignore), ...selector.problems] };
}

function addChosen(files: FileListBuilder, selector: Selector, file: TreeFile): void {
  const choice = selector.choose(file);
  if (choice !== undefined) files.add({ file, ...choice });
}

async function chooseChanged(request: ChooseRequest): Promise<ChosenChanges | undefined> {
  const { source, line, settings, force, pathPrefix, signal } = request;
  if (force || source.diffFiles === undefined || line.goodCommit === undefined || line.goodSettings !== settings) return undefined;
  // Side by side: each is a process of Git.
  const [difference, present] = await Promise.all([
    differenceTo(source, line.goodCommit, pathPrefix, signal),
    source.findFile(ignorePath(pathPrefix), signal),
  ]);
  if (difference === undefined) return undefined;
  if (pathPrefix !== '' && mayHaveGone(difference)) await requireFolder(source, pathPrefix, signal);
  const changedPaths = new Set([
    ...difference.changed.map((file) => file.path),
    ...difference.removed,
    ...difference.skipped.map((entry) => entry.path),
  ]);
  if (changedPaths.has(ignorePath(pathPrefix))) return undefined;
  const ignore = changedPaths.size === 0 ? undefined : await readIgnore(request, present);
  const selector = createSelector({ ...request, ignore });
  const files = createFileList();
  for (const file of difference.changed) addChosen(files, selector, file);
  const problems = [...skippedProblems(request, difference.skipped, ignore), ...selector.problems];
  return { scope: 'changed', files, changedPaths, problems };
}

/** Files went and none of the others tells that their folder is still there. */
function mayHaveGone({ removed, changed, skipped }: TreeDifference): boolean {
  return removed.length > 0 && changed.length + skipped.length === 0;
}

/** A folder that is not there has no content, and a mistyped one must not take away what is served. */
async function requireFolder(source: ContentSource, prefix: string, signal: AbortSignal): Promise<void> {
  const { files, skipped } = await source.listFiles({ prefix, signal });
  if (files.length + skipped.length === 0) throw folderNotFound(prefix);
}

function folderNotFound(prefix: string): Failure {
  return new Failure('FOLDER_NOT_FOUND', { message: `The commit has no folder ${JSON.stringify(prefix)}, where path_prefix points.` });
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

async function readIgnore({ source, signal }: ChooseRequest, file: TreeFile | undefined): Promise<string | undefined> {
  if (file === undefined) return undefined;
  for await (const { bytes } of source.readBlobs([file], signal)) return new TextDecoder().decode(bytes);
  return undefined;
}

function ignorePath(prefix: string): string {
  return prefix === '' ? IGNORE_FILE : `${prefix}/${IGNORE_FILE}`;
}

/** Entries that would be content and cannot be read. The others are nobody's business: a link in a docs folder is no problem of an import. */
function skippedProblems(
  { pathPrefix, providedContents }: ChooseRequest,
  skipped: readonly SkippedEntry[],
  ignore: string | undefined,
): readonly Problem[] {
  const asFiles = skipped.map(({ path, sizeBytes = 0 }) => ({ path, blobId: '', sizeBytes }));
  const { files } = selectFiles(asFiles, { pathPrefix, providedContents, ignore });
  const wanted = new Set(files.map(({ file }) => file.path));
  return skipped.filter(({ path }) => wanted.has(path)).map(({ path, reason, sizeBytes = 0 }) => skippedProblem(path, reason, sizeBytes));
}

function skippedProblem(path: string, reason: SkipReason, sizeBytes: number): Problem {
  if (reason === 'too-large') return makeProblem('FILE_TOO_LARGE', `The file has ${sizeBytes} bytes.`, { path, line: 1 });
  return makeProblem('ENTRY_SKIPPED', `Not read: ${SKIPPED_WORDS[reason]}.`, { path });
}

const SKIPPED_WORDS: Readonly<Record<Exclude<SkipReason, 'too-large'>, string>> = {
  symlink: 'symbolic links are not followed',
  submodule: 'submodules are not followed',
  'too-long': 'the path is too long or too deep',
  'bad-name': 'the path holds a name that is not allowed',
  'not-utf8': 'the path is not UTF-8',
  'special-file': 'it is not a plain file',
};
