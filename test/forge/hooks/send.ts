import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';

/** A webhook request, ready to go. */
export interface Outgoing {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** The very bytes that the signature covers. */
  readonly body: Buffer;
  readonly insecureSsl: boolean;
}

/** What became of it. `statusCode` 0: there was no answer, and `status` says why. */
export interface Outcome {
  readonly statusCode: number;
  readonly status: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly payload: string;
}

const MAX_ANSWER_BYTES = 64 * 1024;

/**
 * Sends once, over a connection of its own: no redirect is followed and nothing is tried again. Never throws.
 * `cutAfter` sends so many bytes of the body and then closes the connection.
 */
export function send(outgoing: Outgoing, timeoutMs: number, cutAfter?: number): Promise<Outcome> {
  return new Promise((resolve) => {
    const fail = (error: Error & { readonly code?: string }): void => resolve(failed(describe(error)));
    const url = URL.canParse(outgoing.url) ? new URL(outgoing.url) : undefined;
    if (url === undefined) return resolve(failed('invalid url'));
    const sending = (url.protocol === 'https:' ? requestHttps : requestHttp)(url, {
      method: 'POST',
      agent: false,
      headers: { ...outgoing.headers, 'Content-Length': String(outgoing.body.length) },
      rejectUnauthorized: !outgoing.insecureSsl,
      signal: AbortSignal.timeout(timeoutMs),
    });
    sending.on('error', fail);
    sending.on('response', (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', fail);
      response.on('end', () => {
        const payload = Buffer.concat(chunks).subarray(0, MAX_ANSWER_BYTES).toString();
        const headers = Object.fromEntries(Object.entries(response.headers).map(([name, value]) => [name, String(value)]));
        resolve({ statusCode: response.statusCode ?? 0, status: response.statusMessage ?? '', headers, payload });
      });
    });
    if (cutAfter === undefined) sending.end(outgoing.body);
    else sending.write(outgoing.body.subarray(0, cutAfter), () => sending.destroy());
  });
}

export function failed(status: string): Outcome {
  return { statusCode: 0, status, headers: {}, payload: '' };
}

function describe(error: Error & { readonly code?: string }): string {
  return error.name === 'TimeoutError' || error.code === 'ABORT_ERR' ? 'timed out' : 'failed to connect to host';
}
