import type { Problem } from '#domain/content.ts';

interface ProblemKind {
  readonly severity: Problem['severity'];
  readonly meaning: string;
  /** What to do, where the place that finds it has nothing more exact to say. */
  readonly help: string;
}

/** Every finding an import can make about content. Codes are API: logs, annotations and tests rely on them. */
export const PROBLEMS = {
  // files
  FILE_INVALID: { severity: 'error', meaning: 'The file is not valid JSON or YAML.', help: 'Mend the syntax at this place.' },
  FILE_EMPTY: { severity: 'error', meaning: 'The file holds no data.', help: 'Delete the file, or list it in .tributaryignore.' },
  FILE_SHAPE: {
    severity: 'error',
    meaning: 'The data does not have the form this folder asks for.',
    help: 'Follow the form that the message names.',
  },
  FILE_ENCODING: { severity: 'error', meaning: 'The file is not UTF-8 text.', help: 'Save the file as UTF-8.' },
  FILE_TOO_LARGE: {
    severity: 'error',
    meaning: 'The file is larger than the limit of the service.',
    help: 'Split the file, list it in .tributaryignore, or have TRIBUTARY_MAX_BLOB_BYTES raised.',
  },
  FILE_TOO_COMPLEX: {
    severity: 'error',
    meaning: 'The data is nested too deeply, holds too many values, or expands too far.',
    help: 'Split the file, and write repeated parts once.',
  },
  FILE_IS_LFS_POINTER: {
    severity: 'error',
    meaning: 'The file is a Git LFS pointer; its content is not in the repository.',
    help: 'Take the file out of LFS: git lfs migrate export --include=<path>.',
  },
  FILE_SEVERAL_DOCUMENTS: {
    severity: 'error',
    meaning: 'A YAML file holds more than one document.',
    help: 'Write one list instead of several documents separated by ---.',
  },
  FILE_IGNORED: {
    severity: 'warning',
    meaning: 'A file lies near content but is not where content is read from.',
    help: 'Move or rename it, or list it in .tributaryignore to say that this is meant.',
  },
  ENTRY_SKIPPED: {
    severity: 'warning',
    meaning: 'An entry that would be content is not a plain file.',
    help: 'Put the file itself there.',
  },
  IGNORE_FILE_INVALID: {
    severity: 'error',
    meaning: '.tributaryignore cannot be used.',
    help: 'Mend the line; the patterns are those of .gitignore.',
  },
  PARSE_TIMEOUT: { severity: 'error', meaning: 'Reading the file took too long.', help: 'Make the file smaller or simpler.' },
  PARSE_CRASHED: { severity: 'error', meaning: 'Reading the file needed too much memory.', help: 'Make the file smaller or simpler.' },
  // JSON and YAML
  JSON_TRAILING_COMMA: {
    severity: 'warning',
    meaning: 'A comma before a closing bracket, which JSON does not have.',
    help: 'Remove the comma; other programs will refuse the file.',
  },
  JSON_COMMENT: {
    severity: 'error',
    meaning: 'A comment, which JSON does not have.',
    help: 'Remove the comment, or keep the data as YAML.',
  },
  KEY_DUPLICATE: { severity: 'error', meaning: 'A key appears twice in one mapping.', help: 'Remove or rename one of the two.' },
  KEY_FORBIDDEN: { severity: 'error', meaning: 'A key that cannot be stored safely.', help: 'Rename the key.' },
  TEXT_UNSTORABLE: {
    severity: 'error',
    meaning: 'A text holds NUL or half a surrogate pair, which PostgreSQL cannot store.',
    help: 'Remove the character.',
  },
  NUMBER_UNSTORABLE: {
    severity: 'error',
    meaning: 'A number would lose digits or is not finite.',
    help: 'Write it in quotes to keep it as text.',
  },
  YAML_11_VALUE: {
    severity: 'warning',
    meaning: 'A plain YAML value is read by the rules of YAML 1.1, which may not be what it looks like.',
    help: 'Write the value in quotes if text is meant.',
  },
  YAML_TAG: { severity: 'error', meaning: 'A YAML tag that is not supported.', help: 'Remove the tag.' },
  YAML_ALIAS: {
    severity: 'error',
    meaning: 'A YAML alias that cannot be followed.',
    help: 'Define the anchor before the alias, or write the value out.',
  },
  YAML_MERGE: { severity: 'error', meaning: 'A << that does not name a mapping.', help: 'Merge a mapping or a list of mappings.' },
  // objects
  METADATA_MISSING: {
    severity: 'error',
    meaning: '_metadata or its name is missing.',
    help: 'Add _metadata with at least a name.',
  },
  METADATA_INVALID: {
    severity: 'error',
    meaning: 'A value in _metadata is not what its key asks for.',
    help: 'Give the value the form that the message names.',
  },
  METADATA_KEY: { severity: 'warning', meaning: 'The key _metadata is written with stray quotes.', help: 'Write the key as _metadata.' },
  METADATA_DEPRECATED: { severity: 'warning', meaning: 'A key of _metadata has a newer name.', help: 'Use the newer name.' },
  METADATA_UNKNOWN: {
    severity: 'warning',
    meaning: 'A key of _metadata means nothing and is ignored.',
    help: 'Remove it, or move it out of _metadata to make it data.',
  },
  METADATA_IN_LOCAL: {
    severity: 'info',
    meaning: 'A local context holds a key _metadata, which is kept as data.',
    help: 'Remove it if it is not meant as data.',
  },
  SCOPE_UNKNOWN: {
    severity: 'error',
    meaning: '_metadata holds a scope that does not exist; ignoring it would make the context apply everywhere.',
    help: 'Use one of the known scope keys.',
  },
  SCOPE_INVALID: {
    severity: 'error',
    meaning: 'A scope is not a list of attribute filters.',
    help: 'Write a list of mappings, such as [{"name": "NYC"}].',
  },
  DUPLICATE_NAME: { severity: 'error', meaning: 'Two objects of one kind have the same name.', help: 'Rename or remove one of them.' },
  TEMPLATE_CONTENT_TYPE: {
    severity: 'warning',
    meaning: 'The folders of an export template do not name a content type.',
    help: 'Use export_templates/<grouping>/<model>/, such as export_templates/dcim/device/.',
  },
  // schemas
  SCHEMA_INVALID: {
    severity: 'error',
    meaning: 'A config context schema is not a usable JSON Schema.',
    help: 'Mend the schema at the place that the message names.',
  },
  SCHEMA_NO_TYPE: {
    severity: 'warning',
    meaning: 'A schema does not say "type": "object".',
    help: 'Add "type": "object"; context data always is one.',
  },
  SCHEMA_KEYWORD_UNKNOWN: {
    severity: 'warning',
    meaning: 'A schema uses a keyword or format that is not known and checks nothing.',
    help: 'Mend the spelling or remove it.',
  },
  SCHEMA_DIALECT: {
    severity: 'warning',
    meaning: 'A schema names an older JSON Schema draft and is read as draft 7.',
    help: 'Change $schema to http://json-schema.org/draft-07/schema#.',
  },
  SCHEMA_PATTERN: {
    severity: 'error',
    meaning:
      'A regular expression is invalid or uses lookaround or back-references, which are not supported because they cannot be matched in linear time.',
    help: 'Write the pattern without lookaround and back-references.',
  },
  SCHEMA_REMOTE_REF: {
    severity: 'error',
    meaning: 'A schema refers outside itself.',
    help: 'Copy the referenced schema under definitions and refer to #/definitions/….',
  },
  SCHEMA_TOO_COMPLEX: { severity: 'error', meaning: 'A schema is too large or too deep.', help: 'Split or simplify the schema.' },
  SCHEMA_NOT_FOUND: {
    severity: 'error',
    meaning: 'A context names a config context schema that does not exist.',
    help: 'Add the schema under config_context_schemas/, or mend the name.',
  },
  SCHEMA_REMOVED: {
    severity: 'error',
    meaning: 'A schema is removed while a context still names it.',
    help: 'Keep the schema, or change the context in the same commit.',
  },
  SCHEMA_VIOLATION: {
    severity: 'error',
    meaning: 'The data of a context does not fulfil its schema.',
    help: 'Change the data or the schema.',
  },
  SCHEMA_TIMEOUT: {
    severity: 'error',
    meaning: 'Checking data against a schema took too long or needed too much memory.',
    help: 'Simplify the schema.',
  },
  MORE_PROBLEMS: { severity: 'info', meaning: 'There are more problems than are shown.', help: 'Mend the ones shown first.' },
} as const satisfies Record<string, ProblemKind>;

export type ProblemCode = keyof typeof PROBLEMS;

/** Where a problem is and what to do about it; everything beyond code and message. */
export interface ProblemDetail {
  readonly path?: string | undefined;
  /** 1-based. */
  readonly line?: number | undefined;
  /** 1-based. */
  readonly column?: number | undefined;
  readonly object?: string | undefined;
  /** Overrides the table's help. */
  readonly help?: string | undefined;
}

/** A problem with the severity and help of its code. Absent details are absent keys, so that equal problems are equal JSON. */
export function makeProblem(code: ProblemCode, message: string, detail: ProblemDetail = {}): Problem {
  const { severity, help } = PROBLEMS[code];
  const { path, line, column, object } = detail;
  return {
    severity,
    code,
    message,
    help: detail.help ?? help,
    ...(path !== undefined && { path }),
    ...(line !== undefined && { line }),
    ...(column !== undefined && { column }),
    ...(object !== undefined && { object }),
  };
}

/** Order of problems everywhere: by file, place, code and message, so that two runs say the same in the same order. */
export function compareProblems(a: Problem, b: Problem): number {
  return (
    compareText(a.path ?? '', b.path ?? '') ||
    (a.line ?? 0) - (b.line ?? 0) ||
    (a.column ?? 0) - (b.column ?? 0) ||
    compareText(a.code, b.code) ||
    compareText(a.message, b.message)
  );
}

/** By UTF-16 code unit: the same on every machine, whatever its locale. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
