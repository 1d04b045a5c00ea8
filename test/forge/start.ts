import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { serveBitbucketApi } from './bitbucket/api.ts';
import { API_PREFIX as BITBUCKET } from './bitbucket/shapes.ts';
import { serveControl } from './control/serve.ts';
import { createForge, type Forge } from './forge.ts';
import { serveGit } from './git/serve.ts';
import { API_PREFIX as GITHUB, serveApi as serveGithubApi } from './github/api.ts';
import { isManifestPage, serveManifestPage } from './github/apps/manifests.ts';
import { serveGitlabApi } from './gitlab/api.ts';
import { API_PREFIX as GITLAB } from './gitlab/shapes.ts';
import { openExchange, sendAnswer, type Exchange } from './http/exchange.ts';

export interface ForgeOptions {
  /** 0, the default, takes a free one. */
  readonly port?: number;
  /** Kept at the end. Without it, a temporary folder is used and removed. */
  readonly dataDir?: string;
  /** How long a receiver of a webhook has: 10 s, as at the provider. */
  readonly hookTimeoutMs?: number;
}

export interface RunningForge {
  /** The base of everything: what a token's `url` names. */
  readonly url: string;
  /** Ends all that is under way. */
  close(): Promise<void>;
}

/** Starts a forge on 127.0.0.1 in this process. */
export async function startForge({ port = 0, dataDir, hookTimeoutMs = 10_000 }: ForgeOptions = {}): Promise<RunningForge> {
  const root = dataDir === undefined ? mkdtempSync(join(tmpdir(), 'forge-')) : resolve(dataDir);
  let current: { readonly forge: Forge; readonly end: AbortController } | undefined;
  const renew = (url: string, generation: number): void => {
    current?.forge.faults.clear();
    current?.end.abort();
    const end = new AbortController();
    // Everything under way listens for the end.
    const forge = createForge({ url, dataDir: join(root, String(generation)), hookTimeoutMs, ended: end.signal });
    current = { forge, end };
  };
  let generation = 0;
  const server = createServer((request, response) => {
    if (current === undefined) return void response.destroy();
    const { forge } = current;
    const exchange = openExchange(request, response, forge.url);
    const isReset = exchange.method === 'POST' && exchange.url.pathname === '/_forge/reset';
    if (isReset) renew(forge.url, ++generation);
    serve(forge, exchange, isReset).catch((error: unknown) => failLoudly(exchange, error));
  });
  server.requestTimeout = 0;
  await new Promise<void>((listening) => server.listen(port, '127.0.0.1', listening));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  renew(url, generation);
  return {
    url,
    close: async () => {
      const closed = new Promise((done) => server.close(done));
      current?.forge.faults.clear();
      current?.end.abort();
      server.closeAllConnections();
      await closed;
      await current?.forge.busy.idle();
      if (dataDir === undefined) rmSync(root, { recursive: true, force: true });
    },
  };
}

async function serve(forge: Forge, exchange: Exchange, isReset: boolean): Promise<void> {
  const { pathname } = exchange.url;
  if (isReset) return sendAnswer(exchange, { status: 204 });
  if (pathname.startsWith('/_forge/')) return serveControl(forge, exchange);
  forge.effects.requests.count(exchange.method, pathname);
  if (isBelow(GITHUB, pathname)) return serveGithubApi(forge, exchange);
  if (isBelow(GITLAB, pathname)) return serveGitlabApi(forge, exchange);
  if (isManifestPage(pathname)) return serveManifestPage(forge, exchange);
  if (isBelow(BITBUCKET, pathname)) return serveBitbucketApi(forge, exchange);
  return serveGit(forge, exchange);
}

function isBelow(prefix: string, pathname: string): boolean {
  return pathname === prefix || pathname.startsWith(`${prefix}/`);
}

/** A fault of the forge itself: told to the client and on stderr, as no test should pass over it. */
function failLoudly({ request, response, left }: Exchange, error: unknown): void {
  const brokenOff = left.aborted || (request.destroyed && !request.complete);
  if (brokenOff) return;
  const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.stderr.write(`forge: ${message}\n`);
  if (response.headersSent) return void response.destroy();
  response.writeHead(500, { 'Content-Type': 'application/json' });
  response.end(JSON.stringify({ message: `forge: ${message}` }));
}
