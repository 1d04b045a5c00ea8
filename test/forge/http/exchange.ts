import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Readable } from 'node:stream';

/** A request and where its answer goes. */
export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly method: string;
  readonly url: URL;
  /** Aborts when the client has gone before it was answered in full. */
  readonly left: AbortSignal;
}

/** An answer as a value: `body` is sent as JSON, `text` as it is. */
export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly text?: string;
}

export function openExchange(request: IncomingMessage, response: ServerResponse, base: string): Exchange {
  const left = new AbortController();
  response.on('close', () => {
    if (!response.writableFinished) left.abort();
  });
  return { request, response, method: request.method ?? 'GET', url: new URL(request.url ?? '/', base), left: left.signal };
}

/** Throws when the client breaks off. */
export async function readBody(request: Readable): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

export function encodeAnswer({ headers = {}, body, text }: Answer): { readonly headers: Record<string, string>; readonly bytes: Buffer } {
  if (body !== undefined) {
    const bytes = Buffer.from(JSON.stringify(body));
    return { headers: { 'Content-Type': 'application/json; charset=utf-8', ...headers }, bytes };
  }
  const type = text === undefined ? {} : { 'Content-Type': 'text/plain; charset=utf-8' };
  return { headers: { ...type, ...headers }, bytes: Buffer.from(text ?? '') };
}

/** `cut` sends the whole answer's length and so many bytes of it, then closes, or falls silent until `silence` is over. */
export async function sendAnswer(
  exchange: Exchange,
  answer: Answer,
  cut?: { readonly bytes: number; readonly silence?: Promise<void> },
): Promise<void> {
  const { headers, bytes } = encodeAnswer(answer);
  const hasBody = answer.status !== 204 && answer.status !== 304;
  exchange.response.writeHead(answer.status, hasBody ? { ...headers, 'Content-Length': String(bytes.length) } : headers);
  const sent = exchange.method === 'HEAD' || !hasBody ? Buffer.alloc(0) : bytes;
  if (cut === undefined) return void exchange.response.end(sent);
  exchange.response.write(sent.subarray(0, cut.bytes));
  await cut.silence;
  exchange.response.destroy();
}
