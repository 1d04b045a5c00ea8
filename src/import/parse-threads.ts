import { Piscina } from 'piscina';
import { createSlots } from '#domain/slots.ts';
import type { TimedTask, WorkerAnswer, WorkerTask } from './parse-worker.ts';
import { BACKGROUND } from './thread-priority.ts';
import { threadTimeMs } from './thread-time.ts';

export interface ParseThreadsOptions {
  readonly threads: number;
  /** Of a processor where the system counts that by thread, else of the clock. */
  readonly timeoutMs: number;
  readonly memoryMb: number;
  /** Whether they give way to others. */
  readonly isBackground: boolean;
}

/** Threads that do one task each at a time, first come first served; one that takes too long or too much memory is ended. */
export interface ParseThreads {
  /** Tells `spend` for how many milliseconds a thread was at it, however that ended. Throws TaskFailed, or the signal's reason. */
  run(task: WorkerTask, signal: AbortSignal, spend: (ms: number) => void): Promise<WorkerAnswer>;
  close(): Promise<void>;
}

/**
 * What a thread's young objects may take before they are collected, in MiB. By default V8 lets them grow to 128 MB; held to this, a thread that
 * reads contexts takes 82 MB instead of 290, for a tenth more processor time.
 */
const YOUNG_MB = 12;
/** A thread starts in 0.2 s; the time of its task begins afterwards. */
const START_MS = 30_000;
/** On a machine with too much to do a thread may wait for a processor this many times as long as it may have one. */
const MOST_WAITS = 15;

export function createParseThreads({ threads, timeoutMs, memoryMb, isBackground }: ParseThreadsOptions): ParseThreads {
  const piscina = new Piscina<TimedTask, WorkerAnswer>({
    filename: new URL('parse-worker.ts', import.meta.url).href,
    argv: isBackground ? [BACKGROUND] : [],
    minThreads: 0,
    maxThreads: threads,
    idleTimeout: 30_000,
    resourceLimits: { maxOldGenerationSizeMb: memoryMb, maxYoungGenerationSizeMb: YOUNG_MB },
  });
  const inSlot = createSlots(threads);

  async function runNow(task: WorkerTask, signal: AbortSignal, spend: (ms: number) => void): Promise<WorkerAnswer> {
    const clock = startClock(timeoutMs);
    try {
      return await piscina.run({ task, begun: clock.begun }, { name: 'runTask', signal: AbortSignal.any([signal, clock.signal]) });
    } catch (error) {
      signal.throwIfAborted();
      throw new TaskFailed(clock.signal.aborted ? 'timeout' : 'crash', { cause: error });
    } finally {
      spend(clock.stop());
    }
  }

  return {
    // The time of a task starts in its thread: one that waits behind another's slow file, or for a thread to start, must not pay for it.
    run: (task, signal, spend) => inSlot(signal, () => runNow(task, signal, spend)),
    close: () => piscina.destroy(),
  };
}

export class TaskFailed extends Error {
  override readonly name = 'TaskFailed';
  readonly reason: 'timeout' | 'crash';

  constructor(reason: 'timeout' | 'crash', options: ErrorOptions) {
    super(`a worker's task ended by ${reason}`, options);
    this.reason = reason;
  }
}

/** The system counts in hundredths of a second. */
const LEAST_MS = 20;

interface Clock {
  /** Woken by the thread when it begins. */
  readonly begun: Int32Array<SharedArrayBuffer>;
  readonly signal: AbortSignal;
  /** Milliseconds that the thread was at it; none when it never began. */
  readonly stop: () => number;
}

function startClock(timeoutMs: number): Clock {
  const begun = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  const late = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  let isOver = false;
  let begunAt: number | undefined;

  /** What the thread has not had of a processor it is given, so that it may have little of a busy one. */
  function expire(thread: number, hadMs: number | undefined): void {
    const leftMs = timeoutMs - ((threadTimeMs(thread) ?? Infinity) - (hadMs ?? 0));
    const isPatient = performance.now() - (begunAt ?? 0) < timeoutMs * MOST_WAITS;
    if (leftMs < LEAST_MS || !isPatient) late.abort();
    else timer = setTimeout(() => expire(thread, hadMs), leftMs);
  }

  const { value } = Atomics.waitAsync(begun, 0, 0, START_MS);
  void Promise.resolve(value).then((how) => {
    if (isOver) return;
    begunAt = performance.now();
    if (how === 'timed-out') return late.abort();
    const thread = Atomics.load(begun, 0);
    const hadMs = threadTimeMs(thread);
    timer = setTimeout(() => expire(thread, hadMs), timeoutMs);
  });
  return {
    begun,
    signal: late.signal,
    stop: () => {
      isOver = true;
      clearTimeout(timer);
      // Nobody waits for it any more.
      Atomics.notify(begun, 0);
      return begunAt === undefined ? 0 : performance.now() - begunAt;
    },
  };
}
