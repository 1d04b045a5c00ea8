import type { TreeFile } from '#domain/content.ts';
import type { CatFile } from './cat-file.ts';
import { createSharedCatFile, openCatFile } from './cat-file.ts';
import type { Git } from './context.ts';
import { limitSizes } from './listing.ts';
import type { FileContent } from './source.ts';

/** Asked for and not yet taken by the consumer: what bounds the memory of a read. */
const AHEAD_BYTES = 8 * 1024 * 1024;
const AHEAD_FILES = 512;
/** Below this a second Git costs more than it brings. */
const FILES_PER_READER = 256;

/**
 * Contents in the order asked for. Two readers share the work: 2.6 s for 100,000 files where one took 3.3 s. The first is the one that answers
 * other questions too. Throws Failure TOO_LARGE, MIRROR_CORRUPT, or GitExitError for the caller to explain.
 */
export async function* readContents(
  git: Git,
  gitDir: string,
  files: Iterable<TreeFile>,
  signal: AbortSignal,
  openFirst: (signal: AbortSignal) => CatFile = createSharedCatFile(git, gitDir),
): AsyncGenerator<FileContent, void, undefined> {
  const checkSize = limitSizes(git.limits);
  const readers: CatFile[] = [];
  const ahead: { readonly file: TreeFile; readonly answer: ReturnType<CatFile['ask']> }[] = [];
  let aheadBytes = 0;
  let asked = 0;
  try {
    for (const file of files) {
      checkSize(file);
      if (readers.length <= Math.min(1, Math.floor(asked / FILES_PER_READER)))
        readers.push(readers.length === 0 ? openFirst(signal) : openCatFile(git, { gitDir, signal }));
      const answer = pick(readers, asked).ask(file.blobId, 'content');
      // Seen when its turn comes; until then it must not count as unhandled.
      answer.catch(() => undefined);
      ahead.push({ file, answer });
      aheadBytes += file.sizeBytes;
      asked += 1;
      while (ahead.length > AHEAD_FILES || aheadBytes > AHEAD_BYTES) yield* next();
    }
    while (ahead.length > 0) yield* next();
  } finally {
    await Promise.all(readers.map(async (reader) => reader.close()));
  }

  async function* next(): AsyncGenerator<FileContent, void, undefined> {
    const oldest = ahead.shift();
    if (oldest === undefined) return;
    const { bytes } = await oldest.answer;
    aheadBytes -= oldest.file.sizeBytes;
    yield { file: oldest.file, bytes };
  }
}

function pick(readers: readonly CatFile[], turn: number): CatFile {
  const reader = readers[turn % readers.length];
  if (reader === undefined) throw new Error('no reader is open');
  return reader;
}
