import { Failure } from '#domain/failure.ts';
import type { SkipReason } from './source.ts';

const MAX_PATH_BYTES = 1024;
const MAX_DEPTH = 64;
/** Neither too long nor too deep, whatever is in it. */
const MAX_SHORT = 2 * MAX_DEPTH - 1;
// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const CONTROL = /[\u0000-\u001F\u007F-\u009F]/;
/** Code points that HFS+ ignores in names; the list is Git's own (utf8.c, next_hfs_char). */
const HFS_IGNORED = /[\u200C-\u200F\u202A-\u202E\u206A-\u206F\uFEFF]/g;

/**
 * What every path has that `pathProblem` objects to, but for its length and depth: of trees with hundreds of thousands of entries nearly all have
 * nothing of it, and looking at each name took three quarters of the time that reading the tree took.
 */
const SUSPICIOUS = /[^ -~]|\.git|git~1|(?:^|\/)\.{0,2}(?:\/|$)/i;

/** Why a path from a tree is not used; undefined when it is fine. */
export function pathProblem(path: string): SkipReason | undefined {
  // Then it is ASCII: as many bytes as characters.
  if (path.length <= MAX_SHORT && !SUSPICIOUS.test(path)) return undefined;
  // Git's trees hold bytes; what was not UTF-8 was decoded to U+FFFD.
  if (path.includes('\uFFFD')) return 'not-utf8';
  const parts = path.split('/');
  if (Buffer.byteLength(path) > MAX_PATH_BYTES || parts.length > MAX_DEPTH) return 'too-long';
  return CONTROL.test(path) || parts.some(isForbiddenName) ? 'bad-name' : undefined;
}

/** A path prefix as users write it (`/a/b/`, `./a/b`) in the form trees have it; undefined for the root. Throws Failure when it cannot be one. */
export function toPrefix(prefix: string | undefined): string | undefined {
  const parts = (prefix ?? '').split('/').filter((part) => part !== '' && part !== '.');
  if (parts.length === 0) return undefined;
  const path = parts.join('/');
  if (pathProblem(path) !== undefined) {
    throw new Failure('CONTENT_INVALID', {
      message: 'The path prefix is not a usable path.',
      help: 'Change path_prefix of the repository.',
    });
  }
  return path;
}

/** Whether some file system would take the name for this, the parent, or Git's own folder (path.c, is_ntfs_dotgit and is_hfs_dotgit). */
function isForbiddenName(name: string): boolean {
  if (name === '' || name === '.' || name === '..') return true;
  const ntfs = name.replace(/[:\\].*$/, '').replace(/[ .]+$/, '');
  const hfs = name.replaceAll(HFS_IGNORED, '');
  return [name, ntfs, hfs].some((form) => /^(?:\.git|git~1)$/i.test(form));
}
