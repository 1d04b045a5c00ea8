import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { Scope } from '#test/support/scope.ts';
import { gunzipSync } from 'node:zlib';
import type { Served, ServedRequest } from './served.ts';

export interface ScriptedServer {
  readonly url: string;
  /** Serves a repository under a path of its own from now on. */
  serve(name: string, served: Served): string;
}

/** Speaks Git's protocol 2 over HTTP (gitprotocol-v2(5)) just well enough to say anything at all. */
export async function startScriptedServer(scope: Scope, canary: string): Promise<ScriptedServer> {
  const repositories = new Map<string, Served>();
  const server = createServer({ maxHeaderSize: 1024 * 1024 }, (request, response) => {
    handle(request, response).catch(() => response.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  scope.defer(async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port was given');
  const url = `http://127.0.0.1:${address.port}`;

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [, name = '', path = ''] = /^\/([^/]+)\.git\/([^?]*)/.exec(request.url ?? '') ?? [];
    const served = repositories.get(name);
    const body = await readBody(request);
    if (served === undefined) return void response.writeHead(404).end();
    const command =
      path === 'info/refs'
        ? 'info/refs'
        : body.includes('command=ls-refs')
          ? 'ls-refs'
          : body.includes('command=fetch')
            ? 'fetch'
            : 'other';
    const asked: ServedRequest = { path, command, canary };
    if (served.answer?.(asked, response) === 'answered') return;
    // Asked before a large request, whether it may come at all.
    if (body === FLUSH) return void response.writeHead(200, { 'content-type': 'application/x-git-upload-pack-result' }).end();
    respond(response, command, served);
  }

  return {
    url,
    serve(name, served) {
      repositories.set(name, served);
      return `${url}/${name}.git`;
    },
  };
}

const FLUSH = '0000';
const MOST_DATA = 65_515;

function respond(response: ServerResponse, command: ServedRequest['command'], served: Served): void {
  if (command === 'other') return void response.writeHead(404).end();
  const type = command === 'info/refs' ? 'advertisement' : 'result';
  response.writeHead(200, { 'content-type': `application/x-git-upload-pack-${type}`, 'cache-control': 'no-cache' });
  if (command === 'info/refs') response.end(advertise(served));
  else if (command === 'ls-refs') response.end(Buffer.concat([...served.refs.map((line) => packet(`${line}\n`)), Buffer.from(FLUSH)]));
  else response.end(sendPack(served));
}

function advertise({ format = 'sha1', capabilities = [] }: Served): Buffer {
  const lines = ['version 2', 'agent=git/scripted', 'ls-refs=unborn', 'fetch=shallow', `object-format=${format}`, ...capabilities];
  return Buffer.concat([
    packet('# service=git-upload-pack\n'),
    Buffer.from(FLUSH),
    ...lines.map((line) => packet(`${line}\n`)),
    Buffer.from(FLUSH),
  ]);
}

function sendPack({ pack, progress }: Served): Buffer {
  const pieces = [packet('packfile\n')];
  if (progress !== undefined) pieces.push(band(2, Buffer.from(progress)));
  for (let at = 0; at < pack.length; at += MOST_DATA) pieces.push(band(1, pack.subarray(at, at + MOST_DATA)));
  return Buffer.concat([...pieces, Buffer.from(FLUSH)]);
}

function band(number: number, data: Buffer): Buffer {
  return packet(Buffer.concat([Buffer.from([number]), data]));
}

/** Four digits of hex for the length, themselves included, before the data. */
export function packet(data: string | Buffer): Buffer {
  const bytes = Buffer.from(data);
  return Buffer.concat([Buffer.from((bytes.length + 4).toString(16).padStart(4, '0')), bytes]);
}

async function readBody(request: IncomingMessage): Promise<string> {
  const body = Buffer.concat(await request.toArray());
  return (request.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body).toString('latin1');
}
