import { Piscina } from 'piscina';
import type { ParsedFile } from '#domain/content.ts';
import type { SchemaCheck, Violation } from './check-data.ts';
import type { DataPlace, FoundPlace } from './locate-data.ts';
import type { BatchFile } from './parse-batch.ts';
import type { TimedTask, WorkerAnswer, WorkerTask } from './parse-worker.ts';
import { makeProblem } from './problem-codes.ts';
import type { ParsedRows } from './stage/parse-rows.ts';
import { createSlots } from '#domain/slots.ts';

export interface ParsePoolOptions {
  readonly threads: number;
  /** Longest time one task may take in its thread, which is ended then (SECURITY F9: at most 2 s). */
  readonly timeoutMs: number;
  /** Heap of one thread in MiB; a file that needs more ends the thread, not the service. */
  readonly memoryMb: number;
}

/** Reads and checks content off the main thread, within time and memory (SECURITY F9). */
export interface ParsePool {
  /** Every file is answered, in order: one that takes too long or crashes its thread has a problem that says so. Rejects only when `signal` aborts. */
  parse(files: readonly BatchFile[], signal: AbortSignal): Promise<readonly ParsedFile[]>;
  /** The same as rows of a stage for this repository, which the main thread need not look into. */
  rows(files: readonly BatchFile[], repositoryId: string, signal: AbortSignal): Promise<ParsedRows>;
  check(check: SchemaCheck, signal: AbortSignal): Promise<readonly Violation[]>;
  /** Where these pieces of data are written; nothing for those that cannot be found. */
  locate(file: BatchFile, places: readonly DataPlace[], signal: AbortSignal): Promise<readonly (FoundPlace | undefined)[]>;
  close(): Promise<void>;
}

/**
 * What a thread's young objects may take before they are collected, in MiB. By default V8 lets them grow to 128 MB; held to this, a thread that
 * reads contexts takes 82 MB instead of 290, for a tenth more processor time.
 */
const YOUNG_MB = 12;

/** A thread starts in 0.2 s; the time of its task begins afterwards. */
const START_MS = 30_000;
/** What takes too long alone is tried again: a machine with too much to do stops threads for seconds, and a good file must not pay for it. */
const MOST_TRIES = 2;

export function createParsePool({ threads, timeoutMs, memoryMb }: ParsePoolOptions): ParsePool {
  const piscina = new Piscina<TimedTask, WorkerAnswer>({
    filename: new URL('parse-worker.ts', import.meta.url).href,
    minThreads: 0,
    maxThreads: threads,
    idleTimeout: 30_000,
    resourceLimits: { maxOldGenerationSizeMb: memoryMb, maxYoungGenerationSizeMb: YOUNG_MB },
  });

  const inSlot = createSlots(threads);

  /** The time of a task starts in its thread: one that waits behind another's slow file, or for a thread to start, must not pay for it. */
  async function run(task: WorkerTask, signal: AbortSignal): Promise<WorkerAnswer> {
    // A batch is read again anyway, file by file.
    const tries = 'files' in task && task.files.length > 1 ? 1 : MOST_TRIES;
    for (let attempt = 1; ; attempt++) {
      try {
        return await inSlot(signal, () => runNow(task, signal));
      } catch (error) {
        if (attempt >= tries || !(error instanceof TaskFailed) || error.reason !== 'timeout') throw error;
      }
    }
  }

  async function runNow(task: WorkerTask, signal: AbortSignal): Promise<WorkerAnswer> {
    const clock = startClock(timeoutMs);
    try {
      return await piscina.run({ task, begun: clock.begun }, { name: 'runTask', signal: AbortSignal.any([signal, clock.signal]) });
    } catch (error) {
      signal.throwIfAborted();
      throw new TaskFailed(clock.signal.aborted ? 'timeout' : 'crash', { cause: error });
    } finally {
      clock.stop();
    }
  }

  return {
    async parse(files, signal) {
      const read = async (some: readonly BatchFile[]): Promise<readonly ParsedFile[]> => {
        const answer = await run({ kind: 'parse', files: some }, signal);
        return 'files' in answer ? answer.files : [];
      };
      return (await inParts(files, read, (file, error) => [failedFile(file, error, timeoutMs)])).flat();
    },
    async rows(files, repositoryId, signal) {
      const read = async (some: readonly BatchFile[]): Promise<ParsedRows> => {
        const answer = await run({ kind: 'rows', files: some, repositoryId }, signal);
        return 'rows' in answer ? answer.rows : { text: [], problems: [] };
      };
      const parts = await inParts(files, read, (file, error) => ({ text: [], problems: failedFile(file, error, timeoutMs).problems }));
      return { text: parts.flatMap((part) => part.text), problems: parts.flatMap((part) => part.problems) };
    },
    async check(check, signal) {
      try {
        const answer = await run({ kind: 'check', check }, signal);
        return 'violations' in answer ? answer.violations : [];
      } catch (error) {
        if (!(error instanceof TaskFailed)) throw error;
        const [first] = check.contexts;
        const what = error.reason === 'timeout' ? `took longer than ${timeoutMs / 1_000} s` : 'needed too much memory';
        const problem = makeProblem('SCHEMA_TIMEOUT', `Checking data against the schema "${check.schemaName}" ${what}.`, {
          path: first?.path,
          line: first?.line,
          object: check.schemaName,
        });
        return [{ problem, key: first?.key ?? '', pointer: '' }];
      }
    },
    async locate(file, places, signal) {
      try {
        const answer = await run({ kind: 'locate', file, places }, signal);
        return 'places' in answer ? answer.places : [];
      } catch (error) {
        if (!(error instanceof TaskFailed)) throw error;
        return [];
      }
    },
    close: () => piscina.destroy(),
  };
}

interface Clock {
  /** Woken by the thread when it begins. */
  readonly begun: Int32Array<SharedArrayBuffer>;
  readonly signal: AbortSignal;
  readonly stop: () => void;
}

function startClock(timeoutMs: number): Clock {
  const begun = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  const late = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  let isOver = false;
  const { value } = Atomics.waitAsync(begun, 0, 0, START_MS);
  void Promise.resolve(value).then((how) => {
    if (isOver) return;
    if (how === 'timed-out') late.abort();
    else timer = setTimeout(() => late.abort(), timeoutMs);
  });
  return {
    begun,
    signal: late.signal,
    stop: () => {
      isOver = true;
      clearTimeout(timer);
      // Nobody waits for it any more.
      Atomics.notify(begun, 0);
    },
  };
}

/** What the files come to, in one part or, where reading one of them fails, in several. */
async function inParts<T>(
  files: readonly BatchFile[],
  read: (files: readonly BatchFile[]) => Promise<T>,
  failed: (file: BatchFile, error: TaskFailed) => T,
): Promise<readonly T[]> {
  const [first] = files;
  if (first === undefined) return [];
  try {
    return [await read(files)];
  } catch (error) {
    if (!(error instanceof TaskFailed)) throw error;
    if (files.length === 1) return [failed(first, error)];
    // Somewhere in the batch. Each alone costs the others nothing, where halves would let the bad one use up its time in every step.
    const parts: T[] = [];
    for (const file of files) parts.push(...(await inParts([file], read, failed)));
    return parts;
  }
}

class TaskFailed extends Error {
  override readonly name = 'TaskFailed';
  readonly reason: 'timeout' | 'crash';

  constructor(reason: 'timeout' | 'crash', options: ErrorOptions) {
    super(`a worker's task ended by ${reason}`, options);
    this.reason = reason;
  }
}

/** What would come out again: false for a file whose reading was ended, which a machine with less to do may well read. */
export function isLasting({ problems }: ParsedFile): boolean {
  return !problems.some(({ code }) => code === 'PARSE_TIMEOUT' || code === 'PARSE_CRASHED');
}

function failedFile(file: BatchFile, { reason }: TaskFailed, timeoutMs: number): ParsedFile {
  const problem =
    reason === 'timeout'
      ? makeProblem('PARSE_TIMEOUT', `Reading the file took longer than ${timeoutMs / 1_000} s.`, { path: file.path, line: 1 })
      : makeProblem('PARSE_CRASHED', 'Reading the file needed too much memory.', { path: file.path, line: 1 });
  return { path: file.path, blobId: file.blobId, objects: [], problems: [problem] };
}
