import type { JsonObject } from '#domain/words.ts';
import type { Draft, FileToParse, Importer, ParseOutcome, RuleMatch } from '#import/importer.ts';
import type { DocPath, Document } from '#import/read/document.ts';
import { excerpt } from '#import/read/excerpt.ts';
import { readDocument } from '#import/read/read-document.ts';
import { checkSchema } from '#import/schema/check-schema.ts';
import { baseOf, isDataFile, isObject, isSideFile, kindOf, tooDeep, wrongExtension } from './data-file.ts';
import { findMetadata, readItems, readName, readText } from './metadata.ts';
import type { Report } from './report.ts';
import { createReport } from './report.ts';

const FOLDER = 'config_context_schemas';
const RULE = 'config-context-schema';

/** Config context schemas: a JSON Schema with a name, one or a list of them per file. */
export const configContextSchemaImporter: Importer = {
  kinds: ['config-context-schema'],
  providedContent: 'extras.configcontextschema',
  folder: FOLDER,
  rules: [RULE],
  version: 2,
  ruleFor,
  parse,
};

function ruleFor(path: string): RuleMatch | undefined {
  const [top, ...rest] = path.split('/');
  if (top !== FOLDER || isSideFile(baseOf(path))) return undefined;
  if (rest.length > 1) return { nearMiss: tooDeep(path, 2, `Put the file directly into ${FOLDER}/.`) };
  return isDataFile(path) ? { rule: RULE } : { nearMiss: wrongExtension(path) };
}

function parse(file: FileToParse): ParseOutcome {
  const { document, problems } = readDocument(file.path, file.bytes);
  if (document === undefined) return { drafts: [], problems };
  const report = createReport(file.path, document);
  const drafts = readItems(report, document.value, true).flatMap(({ item, at }) => {
    const draft = readSchema(report, file.path, document, item, at);
    return draft === undefined ? [] : [draft];
  });
  return { drafts, problems: [...problems, ...report.problems] };
}

function readSchema(report: Report, path: string, document: Document, item: JsonObject, at: DocPath): Draft | undefined {
  const errorsBefore = report.errors;
  const metadata = findMetadata(report, item, at);
  if (metadata === undefined) return undefined;
  const name = readName(report, metadata);
  const description = readText(report, metadata, 'description', name);
  reportUnknown(report, metadata.values, metadata.at, ['name', 'description'], '_metadata', name);
  reportUnknown(report, item, at, [metadata.key, 'data_schema'], 'a schema', name);
  const schema = item['data_schema'];
  const dataAt = [...at, 'data_schema'];
  if (schema === undefined) report.add('SCHEMA_INVALID', 'The key data_schema is missing.', at, { object: name });
  else if (!isObject(schema))
    report.add('SCHEMA_INVALID', `data_schema must be a mapping, but is ${kindOf(schema)}.`, dataAt, { object: name });
  else
    for (const { code, message, at: inSchema, help } of checkSchema(schema))
      report.add(code, message, [...dataAt, ...inSchema], { object: name, help });
  if (name === undefined || !isObject(schema) || report.errors > errorsBefore) return undefined;
  const body = { name, description, data_schema: schema };
  return { kind: 'config-context-schema', key: name, name, body, path, line: document.lineOf(at), dataAt };
}

function reportUnknown(
  report: Report,
  values: JsonObject,
  at: DocPath,
  known: readonly string[],
  where: string,
  object: string | undefined,
): void {
  for (const key of Object.keys(values)) {
    if (!known.includes(key))
      report.add('METADATA_UNKNOWN', `${excerpt(key)} means nothing in ${where} and is ignored.`, [...at, key], { part: 'key', object });
  }
}
