import type { Json, JsonObject } from '#domain/words.ts';
import type { Draft, FileToParse, Importer, NearMiss, ParseOutcome, RuleMatch } from '#import/importer.ts';
import type { DocPath, Document } from '#import/read/document.ts';
import { excerpt } from '#import/read/excerpt.ts';
import { readDocument } from '#import/read/read-document.ts';
import { baseOf, isDataFile, isSideFile, kindOf, stemOf, tooDeep, wrongExtension } from './data-file.ts';
import { isLocalFolder } from './local-config-context.ts';
import type { Metadata } from './metadata.ts';
import { findMetadata, readItems, readName, readText } from './metadata.ts';
import type { Report } from './report.ts';
import { createReport } from './report.ts';
import { readScope } from './scope.ts';
import type { ScopeKey } from './scope-keys.ts';
import { SCOPE_KEYS, suggestScopeKey, toScopeKey } from './scope-keys.ts';

const FOLDER = 'config_contexts';
const EXPLICIT = 'config-context/explicit';
const IMPLICIT = 'config-context/implicit';
const DEFAULT_WEIGHT = 1000;
const SMALLINT = 32_767;

/** Config contexts: explicit ones at the root of the folder, implicit ones in a folder per scope. */
export const configContextImporter: Importer = {
  kinds: ['config-context'],
  providedContent: 'extras.configcontext',
  folder: FOLDER,
  rules: [EXPLICIT, IMPLICIT],
  version: 2,
  ruleFor,
  parse,
};

function ruleFor(path: string): RuleMatch | undefined {
  const [top, folder = '', ...rest] = path.split('/');
  if (top !== FOLDER || isSideFile(baseOf(path))) return undefined;
  if (rest.length === 0) return isDataFile(folder) ? { rule: EXPLICIT } : { nearMiss: wrongExtension(path) };
  if (isLocalFolder(folder)) return undefined;
  if (toScopeKey(folder) === undefined) return { nearMiss: unknownFolder(folder) };
  if (rest.length > 1) return { nearMiss: tooDeep(path, 3, 'Put the file directly into the folder of its scope.') };
  return isDataFile(rest[0] ?? '') ? { rule: IMPLICIT } : { nearMiss: wrongExtension(path) };
}

function unknownFolder(folder: string): NearMiss {
  const meant = suggestScopeKey(folder) ?? (folder.startsWith('device') ? 'devices' : undefined);
  const guess = meant === undefined ? '' : `Did you mean ${FOLDER}/${meant}/? `;
  return {
    subject: `${FOLDER}/${folder}`,
    code: 'FILE_IGNORED',
    message: `Not imported: ${excerpt(folder)} is not a scope.`,
    help: `${guess}Folders are devices, virtual_machines, ${SCOPE_KEYS.join(', ')}.`,
  };
}

function parse(file: FileToParse): ParseOutcome {
  const { document, problems } = readDocument(file.path, file.bytes);
  if (document === undefined) return { drafts: [], problems };
  const report = createReport(file.path, document);
  const implicit = file.rule === IMPLICIT ? implicitScope(file.path) : undefined;
  const drafts = readItems(report, document.value, implicit === undefined).flatMap(({ item, at }) => {
    const draft = readContext(report, file.path, document, item, at, implicit);
    return draft === undefined ? [] : [draft];
  });
  return { drafts, problems: [...problems, ...report.problems] };
}

interface ImplicitScope {
  readonly key: ScopeKey;
  readonly ref: JsonObject;
}

function implicitScope(path: string): ImplicitScope | undefined {
  const key = toScopeKey(path.split('/').at(-2) ?? '');
  if (key === undefined) return undefined;
  return { key, ref: { [key === 'device_types' ? 'model' : 'name']: stemOf(path) } };
}

/** undefined when anything is wrong with it: half an object is none. */
function readContext(
  report: Report,
  path: string,
  document: Document,
  item: JsonObject,
  at: DocPath,
  implicit: ImplicitScope | undefined,
): Draft | undefined {
  const errorsBefore = report.errors;
  const metadata = findMetadata(report, item, at);
  if (metadata === undefined) return undefined;
  const name = readName(report, metadata);
  const body = {
    name: name ?? '',
    description: readText(report, metadata, 'description', name),
    weight: readWeight(report, metadata, name),
    is_active: readActive(report, metadata, name),
    config_context_schema: readSchemaName(report, metadata, name),
    scope: readScope(report, metadata, name, implicit),
    data: Object.fromEntries(Object.entries(item).filter(([key]) => key !== metadata.key)),
  };
  if (name === undefined || report.errors > errorsBefore) return undefined;
  const schema = body.config_context_schema;
  return {
    kind: 'config-context',
    key: name,
    name,
    body,
    path,
    line: document.lineOf(at),
    ...(schema !== null && { schemaName: schema }),
    dataAt: at,
  };
}

function readWeight(report: Report, metadata: Metadata, object: string | undefined): number {
  const value = metadata.values['weight'];
  if (value === undefined) return DEFAULT_WEIGHT;
  if (typeof value === 'number' && Number.isInteger(value) && value >= -SMALLINT - 1 && value <= SMALLINT) return value;
  report.add(
    'METADATA_INVALID',
    `weight must be a whole number from ${-SMALLINT - 1} to ${SMALLINT}, but is ${kindOf(value)}.`,
    [...metadata.at, 'weight'],
    { object },
  );
  return DEFAULT_WEIGHT;
}

function readActive(report: Report, metadata: Metadata, object: string | undefined): boolean {
  const value = metadata.values['is_active'];
  if (value === undefined) return true;
  if (typeof value === 'boolean') return value;
  report.add('METADATA_INVALID', `is_active must be true or false, but is ${kindOf(value)}.`, [...metadata.at, 'is_active'], { object });
  return true;
}

function readSchemaName(report: Report, metadata: Metadata, object: string | undefined): string | null {
  const isOld = metadata.values['config_context_schema'] === undefined && metadata.values['schema'] !== undefined;
  const key = isOld ? 'schema' : 'config_context_schema';
  if (metadata.values['schema'] !== undefined) {
    const message = isOld ? 'schema is now called config_context_schema.' : 'schema is ignored, since config_context_schema is given too.';
    report.add('METADATA_DEPRECATED', message, [...metadata.at, 'schema'], { part: 'key', object });
  }
  const value: Json = metadata.values[key] ?? null;
  if (value === null) return null;
  if (typeof value === 'string' && value !== '') return value.normalize('NFC');
  report.add(
    'METADATA_INVALID',
    `${key} must be the name of a schema, but is ${value === '' ? 'empty' : kindOf(value)}.`,
    [...metadata.at, key],
    { object },
  );
  return null;
}
