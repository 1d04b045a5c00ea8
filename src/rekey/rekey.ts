import type { Batch, BatchDeps, BatchOptions, Unreadable } from './batch.ts';
import { rekeyBatch } from './batch.ts';
import type { KeyUse } from './keys.ts';
import { countByKey, sumByRole } from './keys.ts';

/** Whoever holds the keys: this process, or a service that is asked. */
export interface Rekeyer {
  /** Keys, and how many secrets stand under each. */
  readonly keys: () => Promise<readonly KeyUse[]>;
  readonly batch: (options: BatchOptions) => Promise<Batch>;
}

export interface Rekeyed {
  readonly before: readonly KeyUse[];
  readonly after: readonly KeyUse[];
  readonly resealed: number;
  readonly forgotten: number;
  readonly unreadable: readonly Unreadable[];
  /** Secrets that open and stand under an older key all the same: a process that does not have the first key in front yet writes them. */
  readonly remaining: number;
}

/** What is written while a pass goes on may lie behind it; a process that goes on writing under an older key is not waited for. */
const MOST_PASSES = 3;

export function createRekeyer(deps: BatchDeps): Rekeyer {
  return { keys: () => countByKey(deps), batch: (options) => rekeyBatch(deps, options) };
}

/** Brings every secret under the first key. `onProgress` is told how many were gone through. */
export async function rekeyAll(
  rekeyer: Rekeyer,
  { dryRun, onProgress = () => undefined }: { readonly dryRun: boolean; readonly onProgress?: (done: number) => void },
): Promise<Rekeyed> {
  const before = await rekeyer.keys();
  let after = before;
  let resealed = 0;
  let forgotten = 0;
  let unreadable: readonly Unreadable[] = [];
  for (let passes = 0; passes < MOST_PASSES; passes++) {
    const found: Unreadable[] = [];
    for await (const batch of runPass(rekeyer, dryRun)) {
      resealed += batch.resealed;
      forgotten += batch.forgotten;
      found.push(...batch.unreadable);
      onProgress(resealed + forgotten);
    }
    unreadable = found;
    after = await rekeyer.keys();
    if (dryRun || remainingOf(after, unreadable) === 0) break;
  }
  return { before, after, resealed, forgotten, unreadable, remaining: dryRun ? 0 : remainingOf(after, unreadable) };
}

async function* runPass(rekeyer: Rekeyer, dryRun: boolean): AsyncGenerator<Batch, void, undefined> {
  let after: string | undefined;
  do {
    const batch = await rekeyer.batch({ after, dryRun });
    yield batch;
    after = batch.next ?? undefined;
  } while (after !== undefined);
}

function remainingOf(uses: readonly KeyUse[], unreadable: readonly Unreadable[]): number {
  const { old, unknown } = sumByRole(uses);
  return Math.max(0, old + unknown - unreadable.length);
}
