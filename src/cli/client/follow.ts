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
 */
export async function followRun(api: Api, jobResultId: string, watcher: RunWatcher): Promise<JobResult> {
  const path = `/api/extras/job-results/${encodeURIComponent(jobResultId)}/`;
  const seen = new Set<string>();
  const once = (entry: LogEntry): void => {
    if (seen.has(entry.id)) return;
    seen.add(entry.id);
    watcher.onLog(entry);
  };
  let lastEventId: string | undefined;
  let waitMs = FIRST_WAIT_MS;
  let lostSince: number | undefined;
  for (;;) {
    try {
      for await (const { event, data, id } of api.events(`${path}events`, lastEventId)) {
        lastEventId = id;
        waitMs = FIRST_WAIT_MS;
        if (event === 'log') once(readLogEntry(JSON.parse(data)));
        if (event === 'progress') watcher.onProgress(progressSchema.parse(JSON.parse(data)));
        if (event === 'end') break;
      }
    } catch (error) {
      if (isFinal(error)) throw error;
    }
    try {
      const job = readJobResult(await api.call('GET', path));
      lostSince = undefined;
      if (ENDED.has(job.status.value)) {
        // The stream may have broken just before the last lines.
        await readLogs(api, path, once);
        return job;
      }
    } catch (error) {
      if (isFinal(error)) throw error;
      lostSince ??= Date.now();
      if (Date.now() - lostSince > GIVE_UP_AFTER_MS) throw lost(api, path, error);
    }
    await sleep(waitMs);
    waitMs = Math.min(waitMs * 2, LONGEST_WAIT_MS);
  }
}

const LOG_PAGE = 1_000;
const logPageSchema = z.object({ count: z.number(), results: z.array(z.unknown()) });

async function readLogs(api: Api, path: string, once: (entry: LogEntry) => void): Promise<void> {
  for (let offset = 0; ; offset += LOG_PAGE) {
    const page = logPageSchema.parse(await api.call('GET', `${path}logs/`, { query: { limit: LOG_PAGE, offset } }));
    for (const entry of page.results) once(readLogEntry(entry));
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
