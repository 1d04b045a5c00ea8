import { execFile } from 'node:child_process';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gitEnvironment } from '#test/forge/git/run.ts';

export interface ApiResponse {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Record<string, unknown> & { readonly message?: string; readonly id?: number };
}

export type Api = (method: string, path: string, body?: unknown, headers?: Record<string, string>) => Promise<ApiResponse>;

/** Calls the REST API with a token, or without. */
export function apiOf(url: string, token?: string): Api {
  return async (method, path, body, headers = {}) => {
    const authorization: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` };
    const response = await fetch(`${url}/api/v3${path}`, {
      method,
      redirect: 'manual',
      headers: { 'user-agent': 'forge-self', ...authorization, ...headers },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    return toApiResponse(response);
  };
}

/** Calls the REST API of GitLab with a token, or without. */
export function gitlabApiOf(url: string, token?: string): Api {
  return async (method, path, body, headers = {}) => {
    const credential: Record<string, string> = token === undefined ? {} : { 'private-token': token };
    const response = await fetch(`${url}/api/v4${path}`, {
      method,
      redirect: 'manual',
      headers: { ...credential, ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    return toApiResponse(response);
  };
}

async function toApiResponse(response: Response): Promise<ApiResponse> {
  const text = await response.text();
  return {
    status: response.status,
    headers: response.headers,
    body: (text.startsWith('{') || text.startsWith('[') ? JSON.parse(text) : { text }) as ApiResponse['body'],
  };
}

export interface Received {
  readonly headers: IncomingHttpHeaders;
  readonly raw: Buffer;
  readonly json: Record<string, unknown>;
}

export interface Receiver {
  readonly url: string;
  readonly received: Received[];
  /** Answers from now on; `never` leaves senders waiting. */
  answer: number | 'never';
  close(): Promise<void>;
}

/** A receiver of webhooks that remembers the bytes. */
export async function openReceiver(): Promise<Receiver> {
  const received: Received[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const raw = Buffer.concat(chunks);
      const text = raw.toString();
      const json = text.startsWith('{') ? text : (new URLSearchParams(text).get('payload') ?? '{}');
      received.push({ headers: request.headers, raw, json: JSON.parse(json) as Record<string, unknown> });
      if (receiver.answer !== 'never') response.writeHead(receiver.answer).end('heard');
    });
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const receiver: Receiver = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`,
    received,
    answer: 200,
    close: async () => {
      const closed = new Promise((done) => server.close(done));
      server.closeAllConnections();
      await closed;
    },
  };
  return receiver;
}

/** What Git said, and whether it was content. */
export interface GitResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

const run = promisify(execFile);

/** Runs the real Git of this machine, with nobody's configuration. */
export async function git(cwd: string, ...args: readonly string[]): Promise<GitResult> {
  const identity = ['-c', 'user.name=Alice', '-c', 'user.email=alice@example.test', '-c', 'init.defaultBranch=main'];
  try {
    return { code: 0, ...(await run('git', [...identity, ...args], { cwd, env: gitEnvironment() })) };
  } catch (error) {
    const { code = 1, stdout = '', stderr = '' } = error as Partial<GitResult>;
    return { code, stdout, stderr };
  }
}

/** The address with a credential in it, as people type it. */
export function withCredential(url: string, token: string, username = 'x-access-token'): string {
  return url.replace('http://', `http://${username}:${token}@`);
}

export function makeFolder(): { readonly path: string; readonly remove: () => void } {
  const path = mkdtempSync(join(tmpdir(), 'forge-self-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}
