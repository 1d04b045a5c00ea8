import { Ajv } from 'ajv';
import type { AnySchema, ErrorObject, Options, ValidateFunction } from 'ajv';
import { Ajv2019 } from 'ajv/dist/2019.js';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { err, ok } from '#domain/result.ts';
import type { Result } from '#domain/result.ts';
import type { JsonObject } from '#domain/words.ts';
import type { DocPath } from '#import/read/document.ts';
import { excerpt } from '#import/read/excerpt.ts';
import type { SchemaFinding } from './finding.ts';
import { linearPattern } from './pattern.ts';
import { walkSchema } from './walk.ts';

export interface CompiledSchema {
  readonly validate: ValidateFunction;
  readonly warnings: readonly SchemaFinding[];
}

export interface SchemaError {
  readonly message: string;
  readonly at: DocPath;
}

/** Compiles a schema in its own dialect: draft 7 unless `$schema` names a later one. Nothing is shared between schemas, so none can reach another's. */
export function compileSchema(schema: JsonObject): Result<CompiledSchema, readonly SchemaError[]> {
  const warnings: SchemaFinding[] = [];
  const ajv = openAjv(schema, warnings);
  // An unknown dialect would be looked up by its address; what it means was decided above.
  // `$async` is no keyword of JSON Schema; ajv would answer with a promise, which passes for "valid" whatever it says.
  const { $schema: _dialect, $id: _id, $async: putOff, ...plain } = schema;
  if (putOff !== undefined) warnings.push(unknownKeyword('$async means nothing in a schema', ['$async']));
  if (ajv.validateSchema(plain) !== true) return err((ajv.errors ?? []).slice(0, 20).map(toSchemaError));
  try {
    return ok({ validate: ajv.compile(plain as AnySchema), warnings });
  } catch (error) {
    return err([
      { message: `The schema cannot be used: ${error instanceof Error ? excerpt(error.message, 200) : 'it cannot be compiled'}.`, at: [] },
    ]);
  }
}

function openAjv(schema: JsonObject, warnings: SchemaFinding[]): Ajv {
  const options = optionsFor(warnings);
  const dialect = typeof schema['$schema'] === 'string' ? schema['$schema'] : '';
  const ajv = dialect.includes('2020-12') ? new Ajv2020(options) : dialect.includes('2019-09') ? new Ajv2019(options) : new Ajv(options);
  if (/draft-0?[346]\b/.test(dialect))
    warnings.push({ code: 'SCHEMA_DIALECT', message: `${excerpt(dialect)} is read as draft 7.`, at: ['$schema'] });
  addFormats.default(ajv);
  warnings.push(...acceptUnknownFormats(ajv, schema));
  return ajv;
}

/** A format that nobody knows checks nothing, as JSON Schema says; ajv would refuse the schema. */
function acceptUnknownFormats(ajv: Ajv, schema: JsonObject): readonly SchemaFinding[] {
  const known = new Set(Object.keys(ajv.formats));
  return walkSchema(schema, (key, format) => {
    if (key !== 'format' || typeof format !== 'string' || known.has(format)) return undefined;
    ajv.addFormat(format, true);
    return unknownKeyword(`the format ${excerpt(format)} is not known`, []);
  });
}

function unknownKeyword(why: string, at: DocPath): SchemaFinding {
  return { code: 'SCHEMA_KEYWORD_UNKNOWN', message: `The schema checks less than it says: ${why}.`, at };
}

function optionsFor(warnings: SchemaFinding[]): Options {
  const warn = (...parts: unknown[]): void => {
    warnings.push(unknownKeyword(excerpt(parts.join(' '), 200), []));
  };
  return {
    allErrors: true,
    strict: false,
    strictSchema: 'log',
    validateFormats: true,
    $data: false,
    ownProperties: true,
    logger: { log: warn, warn, error: warn },
    code: { regExp: Object.assign(toPattern, { code: 'linearPattern' }) },
  };
}

function toPattern(source: string): ReturnType<typeof linearPattern> {
  return linearPattern(source);
}

function toSchemaError(error: ErrorObject): SchemaError {
  const at = pointerToPath(error.instancePath);
  return { message: `${at.length === 0 ? 'The schema' : excerpt(at.join('.'))} ${error.message ?? 'is not valid'}.`, at };
}

/** A JSON Pointer as steps. A number is taken for an index; `locate` treats it as a key where there is no list. */
export function pointerToPath(pointer: string): DocPath {
  if (pointer === '') return [];
  return pointer
    .slice(1)
    .split('/')
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
    .map((part) => (/^(?:0|[1-9]\d*)$/.test(part) ? Number(part) : part));
}
