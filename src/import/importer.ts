import type { ContentKind, ParsedObject, Problem, ProvidedContent } from '#domain/content.ts';
import type { JsonObject } from '#domain/words.ts';
import type { DocPath } from './read/document.ts';

/** A file to read: everything that what it comes to may depend on. */
export interface FileToParse {
  /** Relative to the root of the repository; problems name it so. Only its last components carry meaning, so a prefix changes nothing. */
  readonly path: string;
  /** One of the importer's rules: says how the file is to be read. */
  readonly rule: string;
  readonly bytes: Uint8Array;
}

/** An object before its body is text and has a hash. */
export interface Draft extends Omit<ParsedObject, 'hash' | 'json'> {
  readonly body: JsonObject;
  /** Where in the file's document a validated value starts: a pointer into the object's data continues here. */
  readonly dataAt: DocPath;
}

export interface ParseOutcome {
  readonly drafts: readonly Draft[];
  readonly problems: readonly Problem[];
}

/** What an importer says of a path: one of its rules, or a near miss and what would make it content. */
export type RuleMatch = { readonly rule: string } | { readonly nearMiss: NearMiss };

export interface NearMiss {
  /** What is reported once for all files that share it: a folder, or the file itself. */
  readonly subject: string;
  readonly code: 'FILE_IGNORED' | 'TEMPLATE_CONTENT_TYPE';
  readonly message: string;
  readonly help?: string | undefined;
}

/**
 * One kind of content. Adding a kind is a file that fulfils this and a line in importers.ts.
 * `ruleFor` and `parse` are pure; `parse` runs off the main thread and must not throw for what a file may hold.
 */
export interface Importer {
  readonly kinds: readonly ContentKind[];
  readonly providedContent: ProvidedContent;
  /** Top folder that the importer reads, relative to the path prefix. */
  readonly folder: string;
  readonly rules: readonly string[];
  /** Part of the key of the parse cache: goes up with every change of what a file comes to. */
  readonly version: number;
  /** `undefined`: none of this importer's business. `path` is relative to the path prefix. */
  ruleFor(path: string): RuleMatch | undefined;
  parse(file: FileToParse): ParseOutcome;
}
