import { Failure } from '#domain/failure.ts';
import type { Git } from './context.ts';
import { GitExitError } from './exit.ts';
import type { GitProcess } from './process.ts';
import { startGit } from './process.ts';

/** What is asked of an object: how large a blob is, a blob's bytes, a commit's bytes, or whether anything has that name. */
export type Want = 'size' | 'content' | 'commit' | 'existence';

export interface CatFile {
  /**
   * Answers in the order asked. Rejects with Failure MIRROR_CORRUPT when the object is not there or of another type, or GitExitError when Git
   * ends. A name is an id, for `existence` also `<commit>:<path>`; one with a line break is refused.
   */
  ask(name: string, want: Want): Promise<CatFileAnswer>;
  /** Lets Git end. What was asked and not answered rejects. */
  close(): Promise<void>;
}

export interface CatFileAnswer {
  /** Only of `existence` ever false. */
  readonly exists: boolean;
  readonly sizeBytes: number;
  /** Empty when they were not asked for. */
  readonly bytes: Uint8Array;
}

interface Question {
  readonly name: string;
  readonly want: Want;
  resolve(answer: CatFileAnswer): void;
  reject(error: unknown): void;
}

const TYPES: Readonly<Record<Want, string | undefined>> = { size: 'blob', content: 'blob', commit: 'commit', existence: undefined };

/** A running `cat-file --batch-command`: one process for any number of objects. */
export function openCatFile(git: Git, { gitDir, signal }: { readonly gitDir: string; readonly signal: AbortSignal }): CatFile {
  const child = startGit(git, { args: ['cat-file', '--batch-command'], gitDir, signal, stdin: true });
  const questions: Question[] = [];
  const reading = readAnswers(child, questions);
  return {
    ask(name, want) {
      const { promise, resolve, reject } = Promise.withResolvers<CatFileAnswer>();
      if (name.includes('\n')) throw new Error('a name with a line break cannot be asked for');
      questions.push({ name, want, resolve, reject });
      // After the end of Git nobody answers; how it ended was told to those who had asked.
      if (!child.write(`${isWhole(want) ? 'contents' : 'info'} ${name}\n`))
        void reading.then(() => reject(new Error('the reader has ended')));
      return promise;
    },
    async close() {
      if (questions.length === 0) child.endInput();
      else child.stop();
      await reading;
    },
  };
}

/** How long a shared reader waits for the next question. */
const IDLE_MS = 300;

/**
 * One reader for all small questions about a repository: a process of Git takes longer to start than to answer. It is started by the first
 * question and let go of when none came for a while.
 */
export function createSharedCatFile(git: Git, gitDir: string): (signal: AbortSignal) => CatFile {
  let open: CatFile | undefined;
  let underWay = 0;
  let timer: NodeJS.Timeout | undefined;

  async function letGo(reader: CatFile | undefined): Promise<void> {
    if (open === reader) open = undefined;
    await reader?.close();
  }

  return (signal) => {
    // Of this user of it.
    let unanswered = 0;
    return {
      async ask(name, want) {
        clearTimeout(timer);
        open ??= openCatFile(git, { gitDir, signal });
        const reader = open;
        underWay += 1;
        unanswered += 1;
        try {
          return await reader.ask(name, want);
        } catch (error) {
          void letGo(reader);
          throw error;
        } finally {
          underWay -= 1;
          unanswered -= 1;
          clearTimeout(timer);
          if (underWay === 0) timer = setTimeout(() => void letGo(open), IDLE_MS);
        }
      },
      // What nobody waits for any more is not read either.
      close: async () => (unanswered > 0 ? letGo(open) : undefined),
    };
  };
}

function isWhole(want: Want): boolean {
  return want === 'content' || want === 'commit';
}

/** Answers questions as the output comes; never rejects. */
async function readAnswers(child: GitProcess, questions: Question[]): Promise<void> {
  const parse = createAnswerParser(questions);
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
function createAnswerParser(questions: Question[]): (chunk: Buffer) => void {
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
    const question = questions[0];
    const answer = parseHeader(data.toString('utf8', 0, end), question);
    if (question !== undefined && isWhole(question.want)) wanted = answer.sizeBytes;
    else questions.shift()?.resolve(answer);
    return data.subarray(end + 1);
  }

  function readContent(data: Buffer, sizeBytes: number): Buffer {
    wanted = undefined;
    questions.shift()?.resolve({ exists: true, sizeBytes, bytes: data.subarray(0, sizeBytes) });
    return data.subarray(sizeBytes + 1);
  }
}

const NOTHING = Buffer.alloc(0);

function parseHeader(header: string, question: Question | undefined): CatFileAnswer {
  if (question?.want === 'existence' && header === `${question.name} missing`) return { exists: false, sizeBytes: 0, bytes: NOTHING };
  const [id, type, size] = header.split(' ');
  const isFitting = question?.want === 'existence' || (question !== undefined && id === question.name && type === TYPES[question.want]);
  if (!isFitting || !/^\d+$/.test(size ?? '')) {
    throw new Failure('MIRROR_CORRUPT', { message: `The mirror lacks an object that a tree names: ${header.slice(0, 100)}.` });
  }
  return { exists: true, sizeBytes: Number(size), bytes: NOTHING };
}
