import { Failure } from '#domain/failure.ts';
import type { Git } from './context.ts';
import { GitExitError } from './exit.ts';
import type { GitProcess } from './process.ts';
import { startGit } from './process.ts';

export interface CatFile {
  /** The object, in the order asked. Rejects with Failure MIRROR_CORRUPT when it is not there or no blob, or GitExitError when Git ends. */
  ask(blobId: string): Promise<CatFileAnswer>;
  /** Ends Git; what was asked and not answered rejects. */
  close(): Promise<void>;
}

export interface CatFileAnswer {
  readonly sizeBytes: number;
  /** Empty when only sizes were asked for. */
  readonly bytes: Uint8Array;
}

interface Question {
  readonly blobId: string;
  resolve(answer: CatFileAnswer): void;
  reject(error: unknown): void;
}

/** A running `cat-file --batch` or `--batch-check`: one process for any number of objects. */
export function openCatFile(
  git: Git,
  { gitDir, signal, what }: { readonly gitDir: string; readonly signal: AbortSignal; readonly what: 'contents' | 'sizes' },
): CatFile {
  const args = ['cat-file', what === 'contents' ? '--batch' : '--batch-check'];
  const child = startGit(git, { args, gitDir, signal, stdin: true });
  const questions: Question[] = [];
  const reading = readAnswers(child, what, questions);
  return {
    ask(blobId) {
      const { promise, resolve, reject } = Promise.withResolvers<CatFileAnswer>();
      questions.push({ blobId, resolve, reject });
      // After the end of Git nobody answers; how it ended was told to those who had asked.
      if (!child.write(`${blobId}\n`)) void reading.then(() => reject(new Error('the reader has ended')));
      return promise;
    },
    async close() {
      child.stop();
      await reading;
    },
  };
}

/** Answers questions as the output comes; never rejects. */
async function readAnswers(child: GitProcess, what: 'contents' | 'sizes', questions: Question[]): Promise<void> {
  const parse = createAnswerParser(what, questions);
  let failure: unknown;
  try {
    for await (const chunk of child.stdout) parse(chunk);
  } catch (error) {
    failure = error;
    child.stop();
  }
  const exit = await child.exit;
  for (const question of questions.splice(0)) question.reject(failure instanceof Failure ? failure : new GitExitError(exit));
}

/**
 * The form is `<id> <type> <size>\n`, and with contents `<bytes>\n`. Pieces are joined once per object, not once per chunk: a
 * large object in many chunks would be copied again and again.
 */
function createAnswerParser(what: 'contents' | 'sizes', questions: Question[]): (chunk: Buffer) => void {
  let pieces: Buffer[] = [];
  let held = 0;
  let wanted: number | undefined;
  const take = (): Buffer => {
    const all = pieces.length === 1 ? pieces[0] : Buffer.concat(pieces);
    pieces = [];
    held = 0;
    return all ?? Buffer.alloc(0);
  };
  return (chunk) => {
    pieces.push(chunk);
    held += chunk.length;
    // A header may be split anywhere; contents are waited for as a whole, with their last line break.
    while (held > 0 && (wanted === undefined || held > wanted)) {
      const data = take();
      const rest = wanted === undefined ? readHeader(data) : readContent(data, wanted);
      if (rest.length > 0) {
        pieces = [rest];
        held = rest.length;
      }
      if (rest === data) return;
    }
  };

  function readHeader(data: Buffer): Buffer {
    const end = data.indexOf(10);
    if (end === -1) return data;
    const sizeBytes = blobSize(data.toString('latin1', 0, end), questions[0]);
    if (what === 'contents') wanted = sizeBytes;
    else questions.shift()?.resolve({ sizeBytes, bytes: Buffer.alloc(0) });
    return data.subarray(end + 1);
  }

  function readContent(data: Buffer, sizeBytes: number): Buffer {
    wanted = undefined;
    questions.shift()?.resolve({ sizeBytes, bytes: data.subarray(0, sizeBytes) });
    return data.subarray(sizeBytes + 1);
  }
}

function blobSize(header: string, question: Question | undefined): number {
  const [id, type, size] = header.split(' ');
  if (question === undefined || id !== question.blobId || type !== 'blob') {
    throw new Failure('MIRROR_CORRUPT', { message: `The mirror lacks an object that a tree names: ${header.slice(0, 100)}.` });
  }
  return Number(size);
}
