import { v5 } from 'uuid';
import type { ContentKind } from '#domain/content.ts';

/**
 * The stable id of an object: made from its repository, kind and key, so that it is the same after any number of imports,
 * on every machine, and again when an object that was removed comes back. Nothing has to be looked up to know it.
 */
export function objectId(repositoryId: string, kind: ContentKind, key: string): string {
  return v5(`${kind}\0${key}`, repositoryId);
}
