import type { TreeFile } from '#domain/content.ts';
import type { ContentSource, SkippedEntry } from '#git/source.ts';
import { selectFiles } from '#import/select-files.ts';

export interface RelevantFiles {
  readonly files: readonly TreeFile[];
  readonly warnings: readonly string[];
}

const IGNORE_FILE = '.tributaryignore';
/** More are counted, not named. */
const MOST_NAMED = 20;
const REASONS: Readonly<Record<SkippedEntry['reason'], string>> = {
  symlink: 'a symbolic link',
  submodule: 'a submodule',
  'too-large': 'too large',
  'too-long': 'a path that is too long',
  'bad-name': 'a name that is not safe',
  'not-utf8': 'a name that is not UTF-8',
  'special-file': 'no plain file',
};

/**
 * The files that an import looks at, with those that it has something to say about: the service chooses again by the same rules and
 * must come to the same. The rest of a folder, however large, stays where it is.
 */
export async function relevantFiles(source: ContentSource, pathPrefix: string, signal: AbortSignal): Promise<RelevantFiles> {
  const prefix = pathPrefix.replaceAll(/^\/+|\/+$/g, '');
  const listed = await source.listFiles({ prefix, signal });
  const ignorePath = prefix === '' ? IGNORE_FILE : `${prefix}/${IGNORE_FILE}`;
  const ignoreFile = listed.files.find((file) => file.path === ignorePath);
  const ignore = ignoreFile === undefined ? undefined : await readText(source, ignoreFile, signal);
  const rules = { pathPrefix: prefix, providedContents: null, ignore };
  const selected = selectFiles(listed.files, rules);
  const wanted = new Set([ignorePath, ...selected.files.map(({ file }) => file.path), ...selected.problems.map((problem) => problem.path)]);
  return {
    files: listed.files.filter((file) => wanted.has(file.path)),
    warnings: skippedWarnings(listed.skipped.filter(({ path }) => mightBeContent(path))),
  };

  /** Whether the entry, or something below it if it stands for a folder, would be read if it were a plain file. */
  function mightBeContent(path: string): boolean {
    const stands = [path, ...['x.yaml', 'x/y.yaml', 'x/y/z'].map((below) => `${path}/${below}`)];
    return (
      selectFiles(
        stands.map((one) => ({ path: one, blobId: '', sizeBytes: 0 })),
        rules,
      ).files.length > 0
    );
  }
}

async function readText(source: ContentSource, file: TreeFile, signal: AbortSignal): Promise<string> {
  for await (const { bytes } of source.readBlobs([file], signal)) return new TextDecoder().decode(bytes);
  return '';
}

function skippedWarnings(skipped: readonly SkippedEntry[]): readonly string[] {
  const named = skipped.slice(0, MOST_NAMED).map(({ path, reason }) => `Not sent: ${path} is ${REASONS[reason]}.`);
  return skipped.length > MOST_NAMED ? [...named, `Not sent: ${skipped.length - MOST_NAMED} more entries.`] : named;
}
