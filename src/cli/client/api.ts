import { Readable } from 'node:stream';
import { z } from 'zod';
import { CommandError, EXIT } from '#cli/exit.ts';
import type { ServerEvent } from './sse.ts';
import { readEvents } from './sse.ts';

/** A service as commands see it: the REST interface of DESIGN.md 4.3, and nothing else. */
export interface Api {
  /** Without a trailing slash. */
  readonly url: string;
  /** Sends JSON, gets JSON. Throws ApiError for an answer that is no success, CommandError where nobody answers. */
  readonly call: (method: 'GET' | 'POST' | 'PATCH' | 'DELETE', path: string, options?: CallOptions) => Promise<unknown>;
  /** Streams a body of another type. */
  readonly upload: (path: string, query: Query, contentType: string, body: Readable) => Promise<unknown>;
  /** A stream of events; ends when the service ends it, throws when it breaks. */
  readonly events: (path: string, lastEventId: string | undefined, signal: AbortSignal) => AsyncIterable<ServerEvent>;
}

export type Query = Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>;

export interface CallOptions {
  readonly query?: Query | undefined;
  readonly body?: unknown;
}

/** The service said no. */
export class ApiError extends CommandError {
  readonly status: number;
  readonly code: string | undefined;
  /** What is wrong with which field. */
  readonly fields: Readonly<Record<string, unknown>>;

  constructor(status: number, body: unknown) {
    const answer = ERROR.safeParse(body).data ?? {};
    const { code, detail, help, request_id: requestId, ...fields } = answer;
    const summary = detail ?? `The service answered ${status}.`;
    const lines = [
      summary,
      ...fieldLines(fields).filter((line) => line.trim() !== summary),
      ...(requestId === undefined ? [] : [`Request id: ${requestId}`]),
    ];
    super(CALLERS_FAULT.has(status) ? EXIT.usage : EXIT.failed, lines.join('\n'), status === 401 ? TOKEN_HELP : help);
    this.status = status;
    this.code = code;
    this.fields = fields;
  }
}

const ERROR = z.looseObject({
  code: z.string().optional(),
  detail: z.string().optional(),
  help: z.string().optional(),
  request_id: z.string().optional(),
});
const CALLERS_FAULT = new Set([400, 401, 403, 404, 405, 409, 413, 415, 422]);
/** The service says how HTTP wants it; a person at the command line needs to know where it is taken from. */
const TOKEN_HELP = 'The token is the one of --token, TRIBUTARY_TOKEN or the data folder; give one that this service knows.';
const ANSWER_WITHIN_MS = 30_000;
/** An upload is answered when it was read to its end. */
const UPLOAD_WITHIN_MS = 15 * 60_000;
/** Without a byte for this long, comments included, a stream counts as broken and is opened again. */
const SILENCE_MS = 60_000;

/** `token` is sent with every call, so `url` must be one that the user named or that came from the data folder. */
export function openApi(url: string, token: string): Api {
  const base = url.replace(/\/+$/, '');
  const common = { accept: 'application/json', authorization: `Token ${token}`, 'user-agent': 'tributary-cli' };

  async function send(target: string, options: RequestInit): Promise<Response> {
    try {
      // A redirect is never followed: the token is for this address.
      return await fetch(target, { redirect: 'manual', ...options });
    } catch (error) {
      throw unreachable(base, error);
    }
  }

  return {
    url: base,
    async call(method, path, { query = {}, body } = {}) {
      const json = body === undefined ? {} : { headers: { ...common, 'content-type': 'application/json' }, body: JSON.stringify(body) };
      const options = { method, headers: common, signal: AbortSignal.timeout(ANSWER_WITHIN_MS), ...json };
      return readAnswer(await send(withQuery(base, path, query), options));
    },
    async upload(path, query, contentType, body) {
      const options = {
        method: 'POST',
        headers: { ...common, 'content-type': contentType },
        body: Readable.toWeb(body),
        duplex: 'half',
        signal: AbortSignal.timeout(UPLOAD_WITHIN_MS),
      } as const;
      return readAnswer(await send(withQuery(base, path, query), options));
    },
    async *events(path, lastEventId, signal) {
      const silence = new AbortController();
      const resume = lastEventId === undefined ? {} : { 'last-event-id': lastEventId };
      const headers = { ...common, ...resume, accept: 'text/event-stream' };
      const timer = setTimeout(() => silence.abort(), SILENCE_MS);
      try {
        const answer = await send(withQuery(base, path, {}), { headers, signal: AbortSignal.any([silence.signal, signal]) });
        if (answer.status !== 200 || answer.body === null) throw new ApiError(answer.status, await readJson(answer));
        yield* readEvents(refreshing(answer.body, timer));
      } finally {
        clearTimeout(timer);
        silence.abort();
      }
    },
  };
}

/** Puts off the end of a stream with everything that arrives on it. */
async function* refreshing(chunks: AsyncIterable<Uint8Array>, timer: NodeJS.Timeout): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const chunk of chunks) {
    timer.refresh();
    yield chunk;
  }
}

function withQuery(base: string, path: string, query: Query): string {
  const url = new URL(base + path);
  for (const [name, value] of Object.entries(query)) {
    if (value === undefined) continue;
    for (const one of Array.isArray(value) ? value : [value]) url.searchParams.append(name, String(one));
  }
  return url.href;
}

async function readAnswer(answer: Response): Promise<unknown> {
  const body = await readJson(answer);
  if (answer.ok) return body;
  throw new ApiError(answer.status, body);
}

async function readJson(answer: Response): Promise<unknown> {
  const text = await answer.text();
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function fieldLines(fields: Readonly<Record<string, unknown>>): readonly string[] {
  return Object.entries(fields).flatMap(([name, value]) => (Array.isArray(value) ? [`  ${name}: ${value.join(' ')}`] : []));
}

/** fetch hides the reason one level down. */
function unreachable(url: string, error: unknown): CommandError {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const reason = cause instanceof Error ? ('code' in cause && typeof cause.code === 'string' ? cause.code : cause.message) : String(cause);
  return new CommandError(
    EXIT.failed,
    `No answer from ${url} (${reason}).`,
    'Check that the service runs there; `tributary doctor` looks closer.',
    error,
  );
}
