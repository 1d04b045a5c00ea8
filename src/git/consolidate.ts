import type { Git } from './context.ts';
import type { Transfer } from './fetch.ts';
import { measurePacks, readMark, writeMark } from './mirror-files.ts';
import { readGit } from './process.ts';
import { reached } from '#steps/reached.ts';

const MAX_PACKS = 24;
const FREE_BYTES = 16 * 1024 * 1024;

/**
 * Every fetch adds a pack, and each slows every later read. Beyond a number of them they are combined: cheaply, so that sizes form
 * a geometric row, or all into one without what no ref reaches any more, once that may be half of it. Readers go on meanwhile.
 * The mirror is as good without it, so a failure is only logged.
 */
export async function consolidate(git: Git, dir: string, { signal, lockFd }: Transfer): Promise<void> {
  const use = await measurePacks(dir);
  if (use.packs <= MAX_PACKS) return;
  const mark = await readMark(dir);
  const isGrown = use.bytes > 2 * (mark?.packedBytes ?? 0) + FREE_BYTES;
  const args = ['repack', '-q', '-d', ...(isGrown ? ['-a'] : ['--geometric=2'])];
  try {
    for await (const _ of readGit(git, { args, gitDir: dir, signal, lockFd })) {
      // Quiet.
    }
    reached('mirror.combined');
    if (isGrown) await writeMark(dir, { packedBytes: (await measurePacks(dir)).bytes });
  } catch (error) {
    git.log.warn({ err: error }, 'the packs of a mirror could not be combined');
  }
}
