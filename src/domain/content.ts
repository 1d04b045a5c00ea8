import type { Json } from './words.ts';

/** Kinds of content objects. */
export const CONTENT_KINDS = ['config-context-schema', 'config-context', 'local-config-context', 'export-template'] as const;
export type ContentKind = (typeof CONTENT_KINDS)[number];

/** What `provided_contents` of a repository may hold (document 002), and the kinds each one brings. */
export const PROVIDED_CONTENTS = {
  'extras.configcontextschema': ['config-context-schema'],
  'extras.configcontext': ['config-context', 'local-config-context'],
  'extras.exporttemplate': ['export-template'],
} as const satisfies Record<string, readonly ContentKind[]>;
export type ProvidedContent = keyof typeof PROVIDED_CONTENTS;

/** A finding about content: what, where, why, how to fix, under a stable code. Errors stop an import, the others never do. */
export interface Problem {
  readonly severity: 'error' | 'warning' | 'info';
  readonly code: string;
  readonly message: string;
  readonly help?: string | undefined;
  readonly path?: string | undefined;
  /** 1-based. */
  readonly line?: number | undefined;
  /** 1-based. */
  readonly column?: number | undefined;
  /** Name of the object concerned, where there is one. */
  readonly object?: string | undefined;
}

/** A file of a commit, before it is read. */
export interface TreeFile {
  /** Relative to the root of the repository. */
  readonly path: string;
  readonly blobId: string;
  readonly sizeBytes: number;
}

/** One object as a file declares it. */
export interface ParsedObject {
  readonly kind: ContentKind;
  /** Identity within kind and repository; with both it gives the object its stable id. */
  readonly key: string;
  /** What people call it. Unique with its kind on a branch, across repositories. */
  readonly name: string;
  /** The body as canonical JSON text: it goes to the database without ever being an object in the main thread. */
  readonly json: string;
  /** SHA-256 of kind and canonical body, hexadecimal: equal exactly when nothing differs. */
  readonly hash: string;
  readonly path: string;
  readonly line: number;
  /** Name of the config context schema that the object's data must fulfil. */
  readonly schemaName?: string | undefined;
}

/** What one file came to. Depends on nothing but bytes, rule and importer version, so it can be cached under them. */
export interface ParsedFile {
  readonly path: string;
  readonly blobId: string;
  readonly objects: readonly ParsedObject[];
  readonly problems: readonly Problem[];
}

/** One field that differs; `undefined` stands for absent. `path` is a JSON Pointer into the body. */
export interface FieldChange {
  readonly path: string;
  readonly before?: Json | undefined;
  readonly after?: Json | undefined;
}

/** The difference of one object, as a dry run and a preview show it. */
export interface ObjectChange {
  readonly action: 'added' | 'changed' | 'removed';
  readonly kind: ContentKind;
  readonly name: string;
  readonly path: string;
  readonly line: number;
  readonly fields: readonly FieldChange[];
}

/** An object that an import changed, without the difference itself. */
export type NamedChange = Omit<ObjectChange, 'fields'>;

export interface ImportCounts {
  readonly added: number;
  readonly changed: number;
  readonly removed: number;
  readonly unchanged: number;
  readonly errors: number;
  readonly warnings: number;
  readonly files: number;
}
