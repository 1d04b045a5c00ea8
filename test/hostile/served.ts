import type { ServerResponse } from 'node:http';
import type { FailureCode } from '#domain/failure-codes.ts';
import type { ObjectStore } from './objects.ts';
import { packObjects } from './objects.ts';

/** What a repository's server says, in the terms of Git's protocol 2. */
export interface Served {
  readonly format?: 'sha1' | 'sha256';
  /** Lines of the answer to `ls-refs`, as they are written. */
  readonly refs: readonly string[];
  readonly pack: Buffer;
  /** Capabilities besides the usual ones. */
  readonly capabilities?: readonly string[];
  /** Sent as progress before the pack. */
  readonly progress?: string | Buffer;
  /** Takes over the whole answer to a request. */
  readonly answer?: (request: ServedRequest, response: ServerResponse) => 'answered' | undefined;
}

export interface ServedRequest {
  readonly path: string;
  readonly command: 'info/refs' | 'ls-refs' | 'fetch' | 'other';
  /** Where nobody may ever connect to. */
  readonly canary: string;
}

/** A repository that means harm, and what must come of it. */
export interface HostileRepository {
  readonly name: string;
  /** Cases of docs/security.md that it belongs to. */
  readonly cases?: readonly string[];
  readonly make: (place: Place) => Served;
  readonly expect: Expectation;
  /** Smaller limits than the usual ones, where a boundary is meant. */
  readonly limits?: {
    readonly maxEntries?: number;
    readonly maxBlobBytes?: number;
    readonly maxImportBytes?: number;
    readonly maxPackBytes?: number;
  };
  /** Wall clock of one call of Git, where it is the server that must be left. */
  readonly timeoutMs?: number;
  /** Takes seconds: for the script only. */
  readonly isHeavy?: boolean;
}

export interface Place {
  /** A file outside of everything, whose content must never be seen. */
  readonly outside: string;
  /** A folder where whatever is executed leaves a file. */
  readonly markers: string;
  /** An address that nobody may connect to. */
  readonly canary: string;
}

export interface Expectation {
  /** Undefined: it is read. */
  readonly code?: FailureCode | readonly (FailureCode | undefined)[];
  /** Files that are read, by path; others may be there. */
  readonly files?: readonly string[];
  readonly skipped?: Readonly<Record<string, string>>;
  readonly skippedRefs?: number;
  /** Codes of problems of content, each at least once. */
  readonly problems?: readonly string[];
  readonly objects?: number;
}

/** The usual: one commit on main. */
export function serve(store: ObjectStore, commit: string, more: Partial<Served> = {}): Served {
  return {
    format: store.format,
    refs: [`${commit} HEAD symref-target:refs/heads/main`, `${commit} refs/heads/main`],
    pack: packObjects(store),
    ...more,
  };
}
