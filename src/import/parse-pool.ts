import type { ParsedFile } from '#domain/content.ts';
import type { Slots } from '#domain/slots.ts';
import { createSlots } from '#domain/slots.ts';
import type { SchemaCheck, Violation } from './check-data.ts';
import type { DataPlace, FoundPlace } from './locate-data.ts';
import type { BatchFile } from './parse-batch.ts';
import { TaskFailed, createParseThreads } from './parse-threads.ts';
import type { WorkerAnswer, WorkerTask } from './parse-worker.ts';
import { makeProblem } from './problem-codes.ts';
import type { ParsedRows } from './stage/parse-rows.ts';

export interface ParsePoolOptions {
  /** For quick work, and as many again for long work. */
  readonly threads: number;
  /** Longest time one task may take in its thread, which is ended then (SECURITY F9: at most 2 s). */
  readonly timeoutMs: number;
  /** Heap of one thread in MiB; a file that needs more ends the thread, not the service. */
  readonly memoryMb: number;
}

/** Reads and checks content off the main thread, within time and memory (SECURITY F9). A run is known by its `signal`. */
export interface ParsePool {
  /** Every file is answered, in order: one that takes too long or crashes its thread has a problem that says so. Rejects only when `signal` aborts. */
  parse(files: readonly BatchFile[], signal: AbortSignal): Promise<readonly ParsedFile[]>;
  /** The same as rows of a stage for this repository, which the main thread need not look into. For long imports: quick ones have `parse`. */
  rows(files: readonly BatchFile[], repositoryId: string, signal: AbortSignal): Promise<ParsedRows>;
  check(check: SchemaCheck, signal: AbortSignal): Promise<readonly Violation[]>;
  /** Where these pieces of data are written; nothing for those that cannot be found. */
  locate(file: BatchFile, places: readonly DataPlace[], signal: AbortSignal): Promise<readonly (FoundPlace | undefined)[]>;
  close(): Promise<void>;
}

/** What takes too long alone is tried again: a machine with too much to do stops threads for seconds, and a good file must not pay for it. */
const MOST_TRIES = 2;
/** A push of some hundred files takes a tenth of this in a thread. */
const QUICK_MS = 500;

/** What a run has had of the threads. */
interface Account {
  spentMs: number;
  /** A large import, which has as many threads as there are. */
  isLarge: boolean;
  /** Of any other run one task at a time. */
  readonly inTurn: Slots;
}

/**
 * Two kinds of threads, so that nobody's content keeps another's push waiting (SECURITY F6): a run has one task at a time at those
 * for quick work, and once it has had more than its share of them, at those for long work, which have less of the processors and where large
 * imports are from the start.
 */
export function createParsePool({ threads, timeoutMs, memoryMb }: ParsePoolOptions): ParsePool {
  const quick = createParseThreads({ threads, timeoutMs, memoryMb, isBackground: false });
  const long = createParseThreads({ threads, timeoutMs, memoryMb, isBackground: true });
  const accounts = new WeakMap<AbortSignal, Account>();

  function accountOf(signal: AbortSignal): Account {
    const account = accounts.get(signal) ?? { spentMs: 0, isLarge: false, inTurn: createSlots(1) };
    accounts.set(signal, account);
    return account;
  }

  async function run(task: WorkerTask, signal: AbortSignal): Promise<WorkerAnswer> {
    const account = accountOf(signal);
    account.isLarge ||= task.kind === 'rows';
    // A batch is read again anyway, file by file.
    const tries = 'files' in task && task.files.length > 1 ? 1 : MOST_TRIES;
    for (let attempt = 1; ; attempt++) {
      try {
        return await runOnce(account, task, signal);
      } catch (error) {
        if (attempt >= tries || !(error instanceof TaskFailed) || error.reason !== 'timeout') throw error;
      }
    }
  }

  async function runOnce(account: Account, task: WorkerTask, signal: AbortSignal): Promise<WorkerAnswer> {
    const spend = (ms: number): void => void (account.spentMs += ms);
    if (account.isLarge) return long.run(task, signal, spend);
    // The one before it may have shown that the run is a long one.
    return account.inTurn(signal, () => (account.spentMs > QUICK_MS ? long : quick).run(task, signal, spend));
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
    close: async () => {
      await Promise.all([quick.close(), long.close()]);
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
