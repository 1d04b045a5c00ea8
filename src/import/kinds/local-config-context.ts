import type { FileToParse, Importer, ParseOutcome, RuleMatch } from '#import/importer.ts';
import { readDocument } from '#import/read/read-document.ts';
import { baseOf, isDataFile, isObject, isSideFile, kindOf, stemOf, tooDeep, wrongExtension } from './data-file.ts';
import { nameProblem } from './metadata.ts';
import { createReport } from './report.ts';

const FOLDER = 'config_contexts';
const RULE = 'local-config-context';
const TARGETS: Readonly<Record<string, 'device' | 'virtual_machine'>> = { devices: 'device', virtual_machines: 'virtual_machine' };

/** Local config contexts: the data of one device or virtual machine, named by its file, used as it is. */
export const localConfigContextImporter: Importer = {
  kinds: ['local-config-context'],
  providedContent: 'extras.configcontext',
  folder: FOLDER,
  rules: [RULE],
  version: 2,
  ruleFor,
  parse,
};

/** True for `devices`, `virtual_machines` and the latter's other spelling. */
export function isLocalFolder(folder: string): boolean {
  return Object.hasOwn(TARGETS, folder.replaceAll('-', '_'));
}

function ruleFor(path: string): RuleMatch | undefined {
  const [top, folder = '', ...rest] = path.split('/');
  if (top !== FOLDER || rest.length === 0 || !isLocalFolder(folder) || isSideFile(baseOf(path))) return undefined;
  if (rest.length > 1) return { nearMiss: tooDeep(path, 3, `Put the file directly into ${FOLDER}/${folder}/.`) };
  return isDataFile(rest[0] ?? '') ? { rule: RULE } : { nearMiss: wrongExtension(path) };
}

function parse(file: FileToParse): ParseOutcome {
  const { document, problems } = readDocument(file.path, file.bytes);
  if (document === undefined) return { drafts: [], problems };
  const report = createReport(file.path, document);
  const folder = (file.path.split('/').at(-2) ?? '').replaceAll('-', '_');
  const name = stemOf(file.path);
  const data = document.value;
  const problem = nameProblem(name);
  if (problem !== undefined) report.add('METADATA_INVALID', `The name, which is that of the file, ${problem}.`, []);
  if (!isObject(data)) report.add('FILE_SHAPE', `The file must hold one mapping, but holds ${kindOf(data)}.`, []);
  else if (Object.hasOwn(data, '_metadata'))
    report.add('METADATA_IN_LOCAL', '_metadata means nothing in a local context and is kept as data.', ['_metadata'], {
      part: 'key',
      object: name,
    });
  const all = [...problems, ...report.problems];
  if (report.errors > 0 || !isObject(data)) return { drafts: [], problems: all };

  // The folder is part of the name that is claimed: a device and a virtual machine may be called the same.
  const key = `${folder}/${name}`;
  const body = { target: TARGETS[folder] ?? 'device', name, data };
  const draft = { kind: 'local-config-context', key, name: key, body, path: file.path, line: document.lineOf([]), dataAt: [] } as const;
  return { drafts: [draft], problems: all };
}
