import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Unlisten } from '#db/database.ts';
import { refuse } from '#domain/refusal.ts';
import type { HttpDeps } from '#http/deps.ts';
import { RefusedError } from '#http/errors.ts';
import { hasEnded, toJobResult, toLogEntry } from '#runs/job-result.ts';
import { findJobResult, listLogsAfter } from '#runs/store.ts';

export interface EventStreams {
  /** Streams a run to its end, from the log entry after Last-Event-ID on. */
  open(request: FastifyRequest, reply: FastifyReply, run: { readonly organizationId: string; readonly jobResultId: string }): Promise<void>;
  /** Ends every stream; their clients come back to another process and go on where they were. */
  close(): Promise<void>;
}

const MOST_STREAMS = 500;
/** A wake-up may be lost with a connection; a look costs two index scans. */
const LOOK_EVERY_MS = 1_000;
/** Proxies end connections that say nothing, most of them after a minute. */
const HEARTBEAT_MS = 15_000;
const LINES_AT_ONCE = 500;

export async function openEventStreams(deps: HttpDeps): Promise<EventStreams> {
  const streams = new Set<{ readonly wake: () => void; readonly end: () => void; readonly ended: Promise<void> }>();
  const unlisten: Unlisten = await deps.database.listen('tributary_job_logs', () => streams.forEach((stream) => stream.wake()));

  async function open(
    request: FastifyRequest,
    reply: FastifyReply,
    run: { readonly organizationId: string; readonly jobResultId: string },
  ): Promise<void> {
    if (streams.size >= MOST_STREAMS) throw new RefusedError(refuse('UNAVAILABLE', 'Too many runs are being followed here at the moment.'));
    const closed = new AbortController();
    let wake = Promise.withResolvers<void>();
    const ended = Promise.withResolvers<void>();
    const stream = { wake: () => wake.resolve(), end: () => closed.abort(), ended: ended.promise };
    streams.add(stream);
    reply.hijack();
    const { raw } = reply;
    raw.writeHead(200, {
      'content-type': 'text/event-stream',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
      'x-content-type-options': 'nosniff',
      // Nobody comes back on this connection, and one that is kept would keep the process from stopping.
      connection: 'close',
    });
    // Known to be open before there is anything to say.
    raw.flushHeaders();
    raw.on('close', stream.end);
    closed.signal.addEventListener('abort', stream.wake);
    const ticking = setInterval(stream.wake, LOOK_EVERY_MS);
    const heartbeat = setInterval(() => raw.write(': still here\n\n'), HEARTBEAT_MS);
    try {
      await follow(
        deps,
        run,
        lastEventId(request),
        closed.signal,
        (text) => writeInTime(raw, text, closed.signal),
        async () => {
          await wake.promise;
          wake = Promise.withResolvers<void>();
        },
      );
    } catch (error) {
      if (!closed.signal.aborted) request.log.warn({ err: error }, 'a followed run was cut off');
    } finally {
      clearInterval(ticking);
      clearInterval(heartbeat);
      streams.delete(stream);
      raw.end();
      ended.resolve();
    }
  }

  return {
    open,
    async close() {
      const running = [...streams];
      for (const stream of running) stream.end();
      await Promise.all(running.map((stream) => stream.ended));
      await unlisten();
    },
  };
}

async function follow(
  deps: HttpDeps,
  run: { readonly organizationId: string; readonly jobResultId: string },
  fromId: number,
  signal: AbortSignal,
  write: (text: string) => Promise<void>,
  wait: () => Promise<void>,
): Promise<void> {
  let lastId = fromId;
  let lastProgress = 'null';
  while (!signal.aborted) {
    // The state is read before the log: what is logged before the end is then always sent before it.
    const row = await findJobResult(deps.database, run.organizationId, run.jobResultId);
    for (;;) {
      const lines = await listLogsAfter(deps.database, run.jobResultId, lastId, LINES_AT_ONCE);
      for (const line of lines) {
        lastId = line.id;
        await write(event('log', toLogEntry(deps.links, line), line.id));
      }
      if (lines.length < LINES_AT_ONCE) break;
    }
    if (row === undefined || hasEnded(row)) {
      await write(event('end', row === undefined ? null : toJobResult(deps.links, row)));
      return;
    }
    const progress = JSON.stringify(row.progress ?? null);
    if (progress !== lastProgress && progress !== 'null') await write(event('progress', row.progress));
    lastProgress = progress;
    await wait();
  }
}

/** A reader that takes its time makes the log wait, not this process hold it. */
async function writeInTime(raw: ServerResponse, text: string, signal: AbortSignal): Promise<void> {
  if (!raw.write(text) && !signal.aborted) await once(raw, 'drain', { signal });
}

/** JSON has no bare line break, so one data line always does. */
function event(name: string, data: unknown, id?: number): string {
  return `${id === undefined ? '' : `id: ${id}\n`}event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
}

function lastEventId(request: FastifyRequest): number {
  const header = request.headers['last-event-id'];
  return typeof header === 'string' && /^\d{1,15}$/.test(header) ? Number(header) : 0;
}
