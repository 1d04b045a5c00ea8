import ignore from 'ignore';
import type { Problem, TreeFile } from '#domain/content.ts';
import { excerpt } from './read/excerpt.ts';
import type { Importer, NearMiss } from './importer.ts';
import { IMPORTERS } from './importers.ts';
import { compareProblems, makeProblem } from './problem-codes.ts';

/** A file that is content, and how it is to be read. */
export interface SelectedFile {
  readonly file: TreeFile;
  readonly rule: string;
  /** Version of the rule's importer. */
  readonly version: number;
}

export interface Selection {
  readonly files: readonly SelectedFile[];
  /** Near misses: files in content folders that nothing reads, one per folder or file. */
  readonly problems: readonly Problem[];
}

/** Picks the files that importers want, as they come. */
export interface Selector {
  /** How a file is to be read; undefined for one that is not. */
  choose(file: TreeFile): Omit<SelectedFile, 'file'> | undefined;
  readonly problems: readonly Problem[];
}

export interface SelectOptions {
  /** '' or a folder such as `teams/network`. */
  readonly pathPrefix: string;
  /** What the repository provides (document 002); null means everything. */
  readonly providedContents: readonly string[] | null;
  /** Text of `.tributaryignore`, in the form of gitignore, relative to the prefix. */
  readonly ignore: string | undefined;
}

/** Folders that Nautobot once read at the root; there they are content nobody imports (SEED-SYSTEMS.md A.8). */
const OLD_TEMPLATE_FOLDERS = ['circuits', 'dcim', 'extras', 'ipam', 'tenancy', 'users', 'virtualization'];

export function selectFiles(files: readonly TreeFile[], options: SelectOptions): Selection {
  const selector = createSelector(options);
  const selected = files.flatMap((file) => {
    const choice = selector.choose(file);
    return choice === undefined ? [] : [{ file, ...choice }];
  });
  return { files: selected, problems: selector.problems };
}

export function createSelector({ pathPrefix, providedContents, ignore: rules }: SelectOptions): Selector {
  const wanted = IMPORTERS.filter((importer) => providedContents === null || providedContents.includes(importer.providedContent));
  // Of a tree with half a million entries most are nobody's: each is asked of no importer whose folder it is not in.
  const byFolder = Map.groupBy(wanted, ({ folder }) => folder);
  const ignored = createIgnore(rules);
  const misses = new Map<string, Problem>();
  return {
    choose(file) {
      const path = below(pathPrefix, file.path);
      if (path === undefined || ignored.ignores(path)) return undefined;
      const choice = choose(byFolder.get(topOf(path)) ?? [], path);
      if (choice === undefined) noteOldFolder(misses, path, pathPrefix);
      else if ('nearMiss' in choice) noteMiss(misses, choice.nearMiss, pathPrefix);
      else return choice;
      return undefined;
    },
    get problems() {
      return [...ignored.problems, ...[...misses.values()].toSorted(compareProblems)];
    },
  };
}

type Choice = Omit<SelectedFile, 'file'> | { readonly nearMiss: NearMiss };

/** The first importer that reads the file; a near miss counts only when none does. */
function choose(wanted: readonly Importer[], path: string): Choice | undefined {
  let nearMiss: NearMiss | undefined;
  for (const importer of wanted) {
    const match = importer.ruleFor(path);
    if (match === undefined) continue;
    if ('rule' in match) return { rule: match.rule, version: importer.version };
    nearMiss ??= match.nearMiss;
  }
  return nearMiss === undefined ? undefined : { nearMiss };
}

function noteMiss(misses: Map<string, Problem>, { subject, code, message, help }: NearMiss, prefix: string): void {
  const path = prefix === '' ? subject : `${prefix}/${subject}`;
  if (!misses.has(path)) misses.set(path, makeProblem(code, message, { path, help }));
}

function noteOldFolder(misses: Map<string, Problem>, path: string, prefix: string): void {
  const folder = topOf(path);
  if (folder === path || !OLD_TEMPLATE_FOLDERS.includes(folder)) return;
  const help = `If it holds export templates, move it to export_templates/${folder}/.`;
  noteMiss(misses, { subject: folder, code: 'FILE_IGNORED', message: `Not imported: ${folder}/ is at the root.`, help }, prefix);
}

/** The first component. */
function topOf(path: string): string {
  const end = path.indexOf('/');
  return end === -1 ? path : path.slice(0, end);
}

function below(prefix: string, path: string): string | undefined {
  if (prefix === '') return path;
  return path.startsWith(`${prefix}/`) ? path.slice(prefix.length + 1) : undefined;
}

interface IgnoreRules {
  ignores(path: string): boolean;
  readonly problems: readonly Problem[];
}

function createIgnore(rules: string | undefined): IgnoreRules {
  if (rules === undefined) return { ignores: () => false, problems: [] };
  try {
    // As Git does with the case of names: a rule for nyc.yaml must not silently drop NYC.yaml.
    const matcher = ignore({ ignorecase: false }).add(rules);
    return { ignores: (path) => ignore.isPathValid(path) && matcher.ignores(path), problems: [] };
  } catch (error) {
    const reason = error instanceof Error ? excerpt(error.message, 120) : 'it cannot be read';
    return {
      ignores: () => false,
      problems: [makeProblem('IGNORE_FILE_INVALID', `.tributaryignore is not used: ${reason}.`, { path: '.tributaryignore', line: 1 })],
    };
  }
}
