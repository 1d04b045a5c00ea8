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

/** Picks the files that importers want, in the order of import. Pure. */
export function selectFiles(files: readonly TreeFile[], { pathPrefix, providedContents, ignore: rules }: SelectOptions): Selection {
  const wanted = IMPORTERS.filter((importer) => providedContents === null || providedContents.includes(importer.providedContent));
  const ignored = createIgnore(rules);
  const selected: SelectedFile[][] = wanted.map(() => []);
  const misses = new Map<string, Problem>();
  for (const file of files) {
    const path = below(pathPrefix, file.path);
    if (path === undefined || ignored.ignores(path)) continue;
    const choice = choose(wanted, path);
    if (choice === undefined) noteOldFolder(misses, path, pathPrefix);
    else if ('nearMiss' in choice) noteMiss(misses, choice.nearMiss, pathPrefix);
    else selected[choice.at]?.push({ file, rule: choice.rule, version: choice.version });
  }
  return { files: selected.flat(), problems: [...ignored.problems, ...[...misses.values()].toSorted(compareProblems)] };
}

type Choice = { readonly at: number; readonly rule: string; readonly version: number } | { readonly nearMiss: NearMiss };

/** The first importer that reads the file; a near miss counts only when none does. */
function choose(wanted: readonly Importer[], path: string): Choice | undefined {
  let nearMiss: NearMiss | undefined;
  for (const [at, importer] of wanted.entries()) {
    const match = importer.ruleFor(path);
    if (match === undefined) continue;
    if ('rule' in match) return { at, rule: match.rule, version: importer.version };
    nearMiss ??= match.nearMiss;
  }
  return nearMiss === undefined ? undefined : { nearMiss };
}

function noteMiss(misses: Map<string, Problem>, { subject, code, message, help }: NearMiss, prefix: string): void {
  const path = prefix === '' ? subject : `${prefix}/${subject}`;
  if (!misses.has(path)) misses.set(path, makeProblem(code, message, { path, help }));
}

function noteOldFolder(misses: Map<string, Problem>, path: string, prefix: string): void {
  const [folder = '', ...rest] = path.split('/');
  if (rest.length === 0 || !OLD_TEMPLATE_FOLDERS.includes(folder)) return;
  const help = `If it holds export templates, move it to export_templates/${folder}/.`;
  noteMiss(misses, { subject: folder, code: 'FILE_IGNORED', message: `Not imported: ${folder}/ is at the root.`, help }, prefix);
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
