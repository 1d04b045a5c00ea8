import type { ProblemCode } from '#import/problem-codes.ts';
import type { DocPath } from '#import/read/document.ts';

/** Something to say about a schema, before it has a line and column. */
export interface SchemaFinding {
  readonly code: ProblemCode;
  readonly message: string;
  /** Where in the schema. */
  readonly at: DocPath;
  readonly help?: string | undefined;
}
