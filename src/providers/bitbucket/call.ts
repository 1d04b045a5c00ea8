import { createRedactor } from '#domain/redact.ts';
import type { ForgeConnection, RemoteRef } from '#providers/contract.ts';
import { tellRefusal } from '#providers/tell-refusal.ts';
import { AnswerError } from './answer-error.ts';
import { authorize } from './credential.ts';
import type { Doing } from './errors.ts';
import { toBitbucketFailure } from './errors.ts';

export const BITBUCKET_URL = 'https://bitbucket.org';
/** Of an answer that is an error; what Bitbucket says of one is short. */
const MOST_CHARACTERS = 10_000;

export interface BitbucketRequest {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** Below `/2.0`, each part of it encoded. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

export interface BitbucketAnswer {
  /** undefined where the answer has no body. */
  readonly json: unknown;
  readonly headers: Headers;
}

/** Bitbucket's REST API for one token. Nothing is retried in here: retries belong to the queue. */
export interface BitbucketCalls {
  /** Where addresses of the API begin; answers lead nowhere else. */
  readonly base: string;
  /** Sends one request; whatever goes wrong becomes a Failure that says what could not be done. */
  call(doing: Doing, request: BitbucketRequest, signal: AbortSignal): Promise<BitbucketAnswer>;
}

/**
 * The part of the API that is used is small, and the client that npm has for it (bitbucket 2.12.0) has not changed since 2024, sends with
 * a fetch of its own and knows neither access tokens nor the endpoints of 2026.
 */
export function openCalls(connection: ForgeConnection): BitbucketCalls {
  const { url, secret, fetch } = connection;
  const base = url === BITBUCKET_URL ? 'https://api.bitbucket.org/2.0' : `${url}/2.0`;
  const redact = createRedactor([secret]);
  const headers = { authorization: authorize(connection), accept: 'application/json', 'user-agent': 'tributary' };

  async function send({ method = 'GET', path, query, body }: BitbucketRequest, signal: AbortSignal): Promise<BitbucketAnswer> {
    const search = query === undefined ? '' : `?${new URLSearchParams(query).toString()}`;
    const answer = await fetch(`${base}${path}${search}`, {
      method,
      headers: body === undefined ? headers : { ...headers, 'content-type': 'application/json' },
      redirect: 'manual',
      signal,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    const value = answer.ok ? parseJson(text) : undefined;
    // A server may say the token back; nothing of an answer is kept with it.
    if (value === undefined) throw new AnswerError(answer.status, answer.headers, redact(text.slice(0, MOST_CHARACTERS)));
    return { json: value.json, headers: answer.headers };
  }

  return {
    base,
    async call(doing, request, signal) {
      try {
        return await send(request, signal);
      } catch (error) {
        if (signal.aborted && error instanceof Error && ['AbortError', 'TimeoutError'].includes(error.name)) throw error;
        const failure = toBitbucketFailure(error, doing, new Date());
        await tellRefusal(connection, failure);
        throw failure;
      }
    },
  };
}

/** Path of a repository in the API, by its full name or, in the workspace, by its id. */
export function pathOf({ fullName }: RemoteRef, rest = ''): string {
  return `/repositories/${fullName.split('/').map(encodeURIComponent).join('/')}${rest}`;
}

function parseJson(text: string): { readonly json: unknown } | undefined {
  try {
    return { json: text === '' ? undefined : JSON.parse(text) };
  } catch {
    return undefined;
  }
}
