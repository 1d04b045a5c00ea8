import { spawn, type ChildProcess } from 'node:child_process';
import type { IncomingMessage } from 'node:http';
import { basename } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { PUSH_RECORD } from './bare.ts';
import { gitEnvironment } from './run.ts';

export interface BackendRequest {
  readonly request: IncomingMessage;
  readonly gitRoot: string;
  readonly dir: string;
  /** `/info/refs`, `/git-upload-pack` or `/git-receive-pack`. */
  readonly path: string;
  readonly query: string;
  readonly user: string | undefined;
  readonly pushRecord: string;
  readonly left: AbortSignal;
}

export interface BackendAnswer {
  readonly status: number;
  readonly headers: Record<string, string>;
  /** The body as Git writes it. Not reading it holds Git back. */
  readonly body: Readable;
  /** Resolves when every process of the call has ended. */
  readonly ended: Promise<void>;
  /** Ends Git and all it started. */
  readonly kill: () => void;
}

/** Runs `git http-backend` as a CGI program for one request, streaming both ways. It dies with its client. */
export async function callBackend(call: BackendRequest): Promise<BackendAnswer> {
  const child = spawn('git', ['http-backend'], { env: environment(call), stdio: ['pipe', 'pipe', 'ignore'], detached: true });
  const kill = (): void => killGroup(child);
  const ended = new Promise<void>((resolve) => {
    child.on('error', () => resolve());
    child.on('close', () => resolve());
  });
  call.left.addEventListener('abort', kill);
  if (call.left.aborted) kill();
  void ended.then(() => call.left.removeEventListener('abort', kill));
  // Git may answer and go before it has read everything.
  pipeline(call.request, child.stdin).catch(() => undefined);
  const { head, rest } = await readHead(child.stdout);
  if (rest.length > 0) child.stdout.unshift(rest);
  return { ...parseHead(head), body: child.stdout, ended, kill };
}

function environment({ request, gitRoot, dir, path, query, user, pushRecord }: BackendRequest): Record<string, string> {
  const { headers } = request;
  return {
    ...gitEnvironment(),
    GIT_PROJECT_ROOT: gitRoot,
    GIT_HTTP_EXPORT_ALL: '1',
    GATEWAY_INTERFACE: 'CGI/1.1',
    SERVER_PROTOCOL: 'HTTP/1.1',
    REQUEST_METHOD: request.method ?? 'GET',
    PATH_INFO: `/${basename(dir)}${path}`,
    QUERY_STRING: query,
    REMOTE_ADDR: '127.0.0.1',
    [PUSH_RECORD]: pushRecord,
    ...given('REMOTE_USER', user),
    ...given('CONTENT_TYPE', headers['content-type']),
    // Without a length (chunked) Git reads to the end.
    ...given('CONTENT_LENGTH', headers['content-length']),
    ...given('HTTP_CONTENT_ENCODING', headers['content-encoding']),
    ...given('GIT_PROTOCOL', headers['git-protocol']),
    ...given('HTTP_GIT_PROTOCOL', headers['git-protocol']),
  };
}

function given(name: string, value: string | readonly string[] | undefined): Record<string, string> {
  return value === undefined ? {} : { [name]: String(value) };
}

function killGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // The group has ended already.
  }
}

/** Reads up to the empty line. A program that ended before it answered nothing. */
async function readHead(stdout: Readable): Promise<{ readonly head: string; readonly rest: Buffer }> {
  let read = Buffer.alloc(0);
  for (;;) {
    const end = read.indexOf('\r\n\r\n');
    if (end >= 0) return { head: read.subarray(0, end).toString(), rest: read.subarray(end + 4) };
    const chunk = await nextChunk(stdout);
    if (chunk === undefined) return { head: 'Status: 500 Internal Server Error', rest: Buffer.alloc(0) };
    read = Buffer.concat([read, chunk]);
  }
}

function nextChunk(stdout: Readable): Promise<Buffer | undefined> {
  return new Promise((resolve) => {
    const settle = (): void => {
      const chunk = stdout.read() as Buffer | null;
      if (chunk === null && !stdout.readableEnded && !stdout.destroyed) return;
      stdout.off('readable', settle).off('end', settle).off('close', settle);
      resolve(chunk ?? undefined);
    };
    stdout.on('readable', settle).on('end', settle).on('close', settle);
    settle();
  });
}

function parseHead(head: string): { readonly status: number; readonly headers: Record<string, string> } {
  const fields = head.split('\r\n').map((line): [string, string] => {
    const colon = line.indexOf(':');
    return [line.slice(0, colon), line.slice(colon + 1).trim()];
  });
  const status = fields.find(([name]) => name === 'Status')?.[1] ?? '200';
  return { status: Number.parseInt(status, 10), headers: Object.fromEntries(fields.filter(([name]) => name !== 'Status')) };
}
