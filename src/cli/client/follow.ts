import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { CommandError, EXIT } from '#cli/exit.ts';
import type { Api } from './api.ts';
import { ApiError } from './api.ts';
import type { JobResult, LogEntry, Progress } from './shapes.ts';
import { progressSchema, readJobResult, readLogEntry } from './shapes.ts';

/** What a watcher of a run is told, each log entry once and in order. */
export interface RunWatcher {
  readonly onLog: (entry: LogEntry) => void;
  readonly onProgress: (progress: Progress) => void;
}

const ENDED = new Set(['SUCCESS', 'FAILURE', 'REVOKED']);
const FIRST_WAIT_MS = 200;
const LONGEST_WAIT_MS = 3_000;
/** A service that restarts is back sooner than this. */
const GIVE_UP_AFTER_MS = 60_000;

/**
 * Follows a run to its end over its event stream. Where the stream breaks, or something between cannot carry one, the run is
 * asked for its state and the stream is taken up again where it broke off; so nothing is missed and nothing comes twice.
 * `stopping` ends the watching, not the run.
 */
export async function followRun(
  api: Api,
  jobResultId: string,
  watcher: RunWatcher,
  stopping: AbortSignal = new AbortController().signal,
): Promise<JobResult> {
  const path = `/api/extras/job-results/${encodeURIComponent(jobResultId)}/`;
  const stream: Stream = { path: `${path}events`, lastEventId: undefined, stopping };
  const told = tellOnce(watcher);
  let waitMs = FIRST_WAIT_MS;
  let lostSince: number | undefined;
  for (;;) {
    try {
      if (await readStream(api, stream, told)) waitMs = FIRST_WAIT_MS;
      const job = readJobResult(await api.call('GET', path));
      lostSince = undefined;
      if (ENDED.has(job.status.value)) {
        // The stream may have broken just before the last lines.
        await readLogs(api, path, told);
        return job;
      }
    } catch (error) {
      if (isFinal(error)) throw error;
      lostSince ??= Date.now();
      if (Date.now() - lostSince > GIVE_UP_AFTER_MS) throw lost(api, path, error);
    }
    if (stopping.aborted) throw new CommandError(EXIT.failed, 'Interrupted.');
    await sleep(waitMs, undefined, { signal: stopping }).catch(() => undefined);
    waitMs = Math.min(waitMs * 2, LONGEST_WAIT_MS);
  }
}

/** The same line may come over the stream, over the next one, and with the whole log. */
function tellOnce(watcher: RunWatcher): RunWatcher {
  const seen = new Set<string>();
  return {
    onProgress: watcher.onProgress,
    onLog: (entry) => {
      if (seen.has(entry.id)) return;
      seen.add(entry.id);
      watcher.onLog(entry);
    },
  };
}

interface Stream {
  readonly path: string;
  readonly stopping: AbortSignal;
  /** Where the next one goes on. */
  lastEventId: string | undefined;
}

/** Reads until the end of the run or of the stream; false when nothing came. A stream that breaks is not an error: the run's state tells more. */
async function readStream(api: Api, stream: Stream, watcher: RunWatcher): Promise<boolean> {
  let received = false;
  try {
    for await (const { event, data, id } of api.events(stream.path, stream.lastEventId, stream.stopping)) {
      received = true;
      stream.lastEventId = id;
      if (event === 'log') watcher.onLog(readLogEntry(JSON.parse(data)));
      if (event === 'progress') watcher.onProgress(progressSchema.parse(JSON.parse(data)));
      if (event === 'end') break;
    }
  } catch (error) {
    if (isFinal(error)) throw error;
  }
  return received;
}

const LOG_PAGE = 1_000;
const logPageSchema = z.object({ count: z.number(), results: z.array(z.unknown()) });

async function readLogs(api: Api, path: string, watcher: RunWatcher): Promise<void> {
  for (let offset = 0; ; offset += LOG_PAGE) {
    const page = logPageSchema.parse(await api.call('GET', `${path}logs/`, { query: { limit: LOG_PAGE, offset } }));
    for (const entry of page.results) watcher.onLog(readLogEntry(entry));
    if (offset + page.results.length >= page.count || page.results.length === 0) return;
  }
}

/** Asking again would bring the same: the run is not there, may not be seen, or the answer is none that we understand. */
function isFinal(error: unknown): boolean {
  if (error instanceof z.ZodError) return true;
  return error instanceof ApiError && error.status < 500 && error.status !== 408 && error.status !== 429;
}

function lost(api: Api, path: string, cause: unknown): CommandError {
  return new CommandError(
    EXIT.failed,
    `The service at ${api.url} stopped answering while the run was going on.`,
    `When it is back, ${api.url}${path} says how the run ended.`,
    cause,
  );
}
