import type { Problem } from '#domain/content.ts';
import type { Json } from '#domain/words.ts';
import type { Position } from './positions.ts';

/** Steps from the root of a document: keys of mappings, indexes of lists. */
export type DocPath = readonly (string | number)[];

/** The data of one file, and where each piece of it is written. */
export interface Document {
  readonly value: Json;
  /** Where the value at a path starts, or its key. A path that does not exist answers for the deepest part of it that does. */
  locate(path: DocPath, part?: 'key' | 'value'): Position;
  /** Line where the value at a path starts; cheap for the root, which is all that most files need. */
  lineOf(path: DocPath): number;
}

/** `document` is absent exactly when the problems hold an error. */
export interface ReadResult {
  readonly document?: Document | undefined;
  readonly problems: readonly Problem[];
}
