import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { processesOf } from '#test/support/processes.ts';
import type { Scope } from '#test/support/scope.ts';
import { diskBytes, watchMemory } from './measure.ts';
import type { Reading, ReadRequest } from './reading.ts';
import { findUnexpected } from './reading.ts';
import { startScriptedServer } from './scripted-server.ts';
import type { HostileRepository, Place } from './served.ts';

export interface Outcome {
  readonly name: string;
  readonly code: string;
  readonly seconds: number;
  /** Of the process and everything it started, at its highest. */
  readonly memoryMb: number;
  readonly diskMb: number;
  readonly problems: readonly string[];
}

const USUAL_TIMEOUT_MS = 60_000;
const SECRET = 'CANARY_TOK_outside_of_everything';

export interface ReadOptions {
  /** A process for each repository, whose memory is its own; otherwise one lives through all of them. */
  readonly isFresh: boolean;
}

/**
 * Reads every repository in a process apart, and looks after each at what came of it, what was left, what was executed, and who
 * connected where nobody may. Yields as it goes.
 */
export async function* readAll(
  scope: Scope,
  repositories: readonly HostileRepository[],
  { isFresh }: ReadOptions,
): AsyncGenerator<Outcome> {
  const root = scope.folder('hostile');
  const canary = await startCanary(scope);
  const place: Place = { outside: join(root, 'outside.json'), markers: join(root, 'markers'), canary: canary.url };
  mkdirSync(place.markers);
  mkdirSync(join(root, 'work'));
  writeFileSync(place.outside, `{"_metadata": {"name": "${SECRET}"}}`);
  const server = await startScriptedServer(scope, canary.url);
  let reader = await startReader(scope, root);
  for (const [at, repository] of repositories.entries()) {
    const key = `hostile-${at}`;
    const url = server.serve(key, repository.make(place));
    const started = performance.now();
    const memory = watchMemory(reader.pid ?? 0);
    const reading = await ask(reader, { key, url, limits: repository.limits, timeoutMs: repository.timeoutMs ?? USUAL_TIMEOUT_MS });
    const seconds = (performance.now() - started) / 1_000;
    const memoryMb = (await memory.stop()) / 2 ** 20;
    const diskMb = diskBytes(join(root, 'work')) / 2 ** 20;
    const problems = [...findUnexpected(repository, reading), ...(await findLeft(root, key, reading)), ...canary.takeHits()];
    server.serve(key, { refs: [], pack: Buffer.alloc(0) });
    if (isFresh) {
      await endReader(reader);
      reader = await startReader(scope, root);
    }
    yield { name: repository.name, code: reading.code ?? 'read', seconds, memoryMb, diskMb, problems };
  }
}

async function startReader(scope: Scope, root: string): Promise<ChildProcess> {
  const work = join(root, 'work');
  const env = { PATH: process.env['PATH'], HOME: work, TMPDIR: work };
  const reader = fork(fileURLToPath(new URL('reader.ts', import.meta.url)), [work, SECRET], {
    cwd: work,
    env,
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  scope.defer(() => endReader(reader));
  await once(reader, 'message');
  return reader;
}

async function endReader(reader: ChildProcess): Promise<void> {
  if (reader.exitCode !== null || reader.signalCode !== null) return;
  reader.kill('SIGKILL');
  await once(reader, 'exit');
}

async function ask(reader: ChildProcess, request: ReadRequest): Promise<Reading> {
  const done = new AbortController();
  const gone = once(reader, 'exit', { signal: done.signal }).then(([code, signal]: readonly unknown[]) => {
    throw new Error(`the reader ended with ${String(code ?? signal)}`);
  });
  gone.catch(() => undefined);
  reader.send(request);
  try {
    const [reading]: readonly unknown[] = await Promise.race([once(reader, 'message', { signal: done.signal }), gone]);
    return reading as Reading;
  } finally {
    done.abort();
  }
}

/** Files beside the data folder, half-made packs and mirrors, and processes of Git, all of which must be gone. */
async function findLeft(root: string, key: string, reading: Reading): Promise<readonly string[]> {
  const names = readdirSync(root, { recursive: true, encoding: 'utf8' });
  const half = names.filter((name) => /tmp_|\/tmp\.|\.lock$|scratch\/./.test(name));
  const outside = readdirSync(join(root, 'work')).filter((name) => name !== 'data');
  const mirror = names.some((name) => name.endsWith(`mirrors/${key}.git`));
  const marked = readdirSync(join(root, 'markers'));
  return [
    ...half.map((name) => `left ${name}`),
    ...outside.map((name) => `wrote ${name} outside of its folder`),
    ...marked.map((name) => `executed something: ${name}`),
    // Only what was taken over whole may be there; limits of reading come after that.
    ...(mirror && reading.code !== undefined && !KEPT.includes(reading.code) ? [`kept a mirror after ${reading.code}`] : []),
    ...(await findProcesses(join(root, 'work', 'data'))),
  ];
}

const KEPT: readonly string[] = ['TOO_LARGE', 'REF_NOT_FOUND', 'REPO_EMPTY', 'MIRROR_CORRUPT'];
const GONE_WITHIN_MS = 5_000;

async function findProcesses(dataDir: string): Promise<readonly string[]> {
  const until = performance.now() + GONE_WITHIN_MS;
  for (;;) {
    const left = processesOf(dataDir);
    if (left.length === 0) return [];
    if (performance.now() > until) return left.map(({ commandLine }) => `still runs: ${commandLine}`);
    await sleep(25);
  }
}

async function startCanary(scope: Scope): Promise<{ readonly url: string; takeHits(): readonly string[] }> {
  const hits: string[] = [];
  const server = createServer((socket) => {
    hits.push('connected to where nobody may');
    socket.destroy();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  scope.defer(async () => {
    server.close();
    await once(server, 'close');
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port was given');
  return { url: `http://127.0.0.1:${address.port}`, takeHits: () => hits.splice(0) };
}
