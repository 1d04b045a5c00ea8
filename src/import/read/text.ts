import type { Problem } from '#domain/content.ts';
import type { Result } from '#domain/result.ts';
import { err, ok } from '#domain/result.ts';
import { makeProblem } from '#import/problem-codes.ts';
import { createPositions } from './positions.ts';

/** Strict UTF-8; a byte order mark is kept for templates, where it is part of the output, and dropped elsewhere. */
export function decodeText(path: string, bytes: Uint8Array, bom: 'keep' | 'drop'): Result<string, Problem> {
  if (isLfsPointer(bytes))
    return err(makeProblem('FILE_IS_LFS_POINTER', 'The file is a Git LFS pointer, not the content itself.', { path, line: 1 }));
  try {
    return ok(new TextDecoder('utf-8', { fatal: true, ignoreBOM: bom === 'keep' }).decode(bytes));
  } catch {
    return err(encodingProblem(path, bytes));
  }
}

const LFS_HEAD = new TextEncoder().encode('version https://git-lfs.github.com/spec/');

function isLfsPointer(bytes: Uint8Array): boolean {
  // The specification of LFS caps a pointer at 1024 bytes; a larger file that starts like one is text about LFS.
  return bytes.length <= 1024 && LFS_HEAD.every((byte, index) => bytes[index] === byte);
}

function encodingProblem(path: string, bytes: Uint8Array): Problem {
  const [first, second] = bytes;
  if ((first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff)) {
    return makeProblem('FILE_ENCODING', 'The file is UTF-16, not UTF-8.', { path, line: 1, column: 1 });
  }
  const lossy = new TextDecoder('utf-8').decode(bytes);
  const offset = firstReplacement(lossy, bytes);
  return makeProblem('FILE_ENCODING', 'The file holds a byte that is not UTF-8.', { path, ...createPositions(lossy)(offset) });
}

/** Offset of the first U+FFFD that stands for a broken byte, not for a U+FFFD that the file really holds. */
function firstReplacement(lossy: string, bytes: Uint8Array): number {
  const bomBytes = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0;
  let byteOffset = bomBytes;
  let from = 0;
  for (let at = lossy.indexOf('\ufffd'); at !== -1; at = lossy.indexOf('\ufffd', at + 1)) {
    byteOffset += Buffer.byteLength(lossy.slice(from, at));
    from = at;
    if (bytes[byteOffset] !== 0xef || bytes[byteOffset + 1] !== 0xbf || bytes[byteOffset + 2] !== 0xbd) return at;
  }
  return 0;
}
