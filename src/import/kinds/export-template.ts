import { lookup } from 'mime-types';
import type { FileToParse, Importer, ParseOutcome, RuleMatch } from '#import/importer.ts';
import { makeProblem } from '#import/problem-codes.ts';
import { excerpt } from '#import/read/excerpt.ts';
import { createPositions } from '#import/read/positions.ts';
import { decodeText } from '#import/read/text.ts';
import { baseOf, isSideFile } from './data-file.ts';
import { nameProblem } from './metadata.ts';

const FOLDER = 'export_templates';
const RULE = 'export-template';
/** Names of an app and a model, as content types are made of. */
const IDENTIFIER = /^[a-z][a-z0-9_]*$/;

/** Export templates: any text file in `export_templates/<grouping>/<model>/`, kept as it is and never run here. */
export const exportTemplateImporter: Importer = {
  kinds: ['export-template'],
  providedContent: 'extras.exporttemplate',
  folder: FOLDER,
  rules: [RULE],
  version: 1,
  ruleFor,
  parse,
};

function ruleFor(path: string): RuleMatch | undefined {
  const [top, grouping = '', model = '', ...rest] = path.split('/');
  if (top !== FOLDER || isSideFile(baseOf(path))) return undefined;
  if (rest.length === 0) {
    return {
      nearMiss: { subject: path, code: 'FILE_IGNORED', message: 'Not imported: templates lie in export_templates/<grouping>/<model>/.' },
    };
  }
  const folder = [FOLDER, grouping, model].join('/');
  if (rest.length > 1) {
    return {
      nearMiss: {
        subject: `${folder}/${rest[0] ?? ''}`,
        code: 'FILE_IGNORED',
        message: `Not imported: folders inside ${excerpt(folder, 100)}/ are not read.`,
      },
    };
  }
  if (!IDENTIFIER.test(grouping) || !IDENTIFIER.test(model)) {
    return {
      nearMiss: {
        subject: folder,
        code: 'TEMPLATE_CONTENT_TYPE',
        message: `Not imported: ${excerpt(`${grouping}.${model}`)} is not a content type.`,
      },
    };
  }
  return { rule: RULE };
}

function parse(file: FileToParse): ParseOutcome {
  const text = decodeText(file.path, file.bytes, 'keep');
  if (!text.ok) return { drafts: [], problems: [text.error] };
  const nul = text.value.indexOf('\0');
  if (nul !== -1) {
    const place = { path: file.path, ...createPositions(text.value)(nul) };
    return {
      drafts: [],
      problems: [makeProblem('TEXT_UNSTORABLE', 'The template holds a NUL character; binary files cannot be templates.', place)],
    };
  }
  const [grouping = '', model = ''] = file.path.split('/').slice(-3);
  const name = baseOf(file.path).normalize('NFC');
  const problem = nameProblem(name);
  if (problem !== undefined)
    return { drafts: [], problems: [makeProblem('METADATA_INVALID', `The name of the file ${problem}.`, { path: file.path, line: 1 })] };
  const contentType = `${grouping}.${model}`;
  const extension = /\.([^.]*)$/.exec(name)?.[1] ?? '';
  const body = {
    content_type: contentType,
    name,
    description: '',
    template_code: text.value,
    mime_type: (extension !== '' && lookup(`x.${extension}`)) || 'text/plain',
    file_extension: extension,
  };
  const key = `${contentType}/${name}`;
  return { drafts: [{ kind: 'export-template', key, name: key, body, path: file.path, line: 1, dataAt: [] }], problems: [] };
}
