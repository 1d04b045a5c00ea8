import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Scope } from './scope.ts';

/** What the load generator is asked to do. */
export interface LoadOrder {
  readonly port: number;
  readonly path: string;
  readonly secret: string;
  /** Base64 of the payload's bytes. */
  readonly body: string;
  readonly connections: number;
  readonly durationMs: number;
}

export interface LoadResult {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Ids of the deliveries that were acknowledged. */
  readonly acknowledged: readonly string[];
  readonly refused: number;
  readonly lastRefusal: string | undefined;
}

const GENERATOR = fileURLToPath(new URL('load-generator.ts', import.meta.url));

/** Sends deliveries from a process of its own, as fast as they are answered. */
export async function generateLoad(scope: Scope, order: LoadOrder): Promise<LoadResult> {
  const generator = fork(GENERATOR, { env: { PATH: process.env['PATH'] }, stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  scope.defer(() => void generator.kill('SIGKILL'));
  const ended = once(generator, 'exit');
  generator.send(order);
  const [result] = (await Promise.race([
    once(generator, 'message'),
    ended.then(() => Promise.reject(new Error('the load generator ended without a result'))),
  ])) as [LoadResult];
  generator.disconnect();
  await ended;
  return result;
}
