import { hash } from 'node:crypto';
import { parse } from 'uuid';
import type { ContentKind } from '#domain/content.ts';

/**
 * The stable ids of a repository's objects: UUIDs version 5 (RFC 9562, 5.5) of repository, kind and key, so that an object's is the same
 * after any number of imports, on every machine, and again when it was removed and comes back. Nothing has to be looked up to know it.
 * Made here and not by the uuid package, whose v5 reads the namespace anew for every id: 10 us of the main thread against 2.
 */
export function objectIdsOf(repositoryId: string): (kind: ContentKind, key: string) => string {
  const namespace = parse(repositoryId);
  return (kind, key) => {
    const digest = hash('sha1', Buffer.concat([namespace, Buffer.from(`${kind}\0${key}`)]), 'hex');
    const variant = ((Number.parseInt(digest.charAt(16), 16) & 0x3) | 0x8).toString(16);
    return `${digest.slice(0, 8)}-${digest.slice(8, 12)}-5${digest.slice(13, 16)}-${variant}${digest.slice(17, 20)}-${digest.slice(20, 32)}`;
  };
}
