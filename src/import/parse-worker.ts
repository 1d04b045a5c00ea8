import { parentPort } from 'node:worker_threads';
import type { ParsedFile } from '#domain/content.ts';
import type { SchemaCheck, Violation } from './check-data.ts';
import { checkData } from './check-data.ts';
import type { DataPlace, FoundPlace } from './locate-data.ts';
import { locateData } from './locate-data.ts';
import type { BatchFile } from './parse-batch.ts';
import { parseBatch } from './parse-batch.ts';
import type { ParsedRows } from './stage/parse-rows.ts';
import { parseRows } from './stage/parse-rows.ts';
import { BACKGROUND, lowerThreadPriority } from './thread-priority.ts';
import { ownThread } from './thread-time.ts';

/** What a worker is asked. Everything about content that could take long, or crash, happens behind this. */
export type WorkerTask =
  | { readonly kind: 'parse'; readonly files: readonly BatchFile[] }
  | { readonly kind: 'rows'; readonly files: readonly BatchFile[]; readonly repositoryId: string }
  | { readonly kind: 'check'; readonly check: SchemaCheck }
  | { readonly kind: 'locate'; readonly file: BatchFile; readonly places: readonly DataPlace[] };

/** With what its clock waits for: the number of the thread that begins it, negative where threads have none. */
export interface TimedTask {
  readonly task: WorkerTask;
  readonly begun: Int32Array<SharedArrayBuffer>;
}

export type WorkerAnswer =
  | { readonly files: readonly ParsedFile[] }
  | { readonly rows: ParsedRows }
  | { readonly violations: readonly Violation[] }
  | { readonly places: readonly (FoundPlace | undefined)[] };

if (parentPort === null) throw new Error('this module is the entry of a worker thread');
if (process.argv.includes(BACKGROUND)) lowerThreadPriority();
const THREAD = ownThread();

/** Entry of the pool's threads, called by name. */
export function runTask({ task, begun }: TimedTask): WorkerAnswer {
  Atomics.store(begun, 0, THREAD === 0 ? -1 : THREAD);
  Atomics.notify(begun, 0);
  switch (task.kind) {
    case 'parse':
      return { files: parseBatch(task.files) };
    case 'rows':
      return { rows: parseRows(task.files, task.repositoryId) };
    case 'check':
      return { violations: checkData(task.check) };
    case 'locate':
      return { places: locateData(task.file, task.places) };
  }
}
