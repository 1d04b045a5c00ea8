import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What a bench started and made, so that it goes again however the bench ends. */
export interface Scope {
  readonly defer: (cleanUp: () => Promise<void> | void) => void;
  /** A temporary folder of its own, which only the user can read. */
  readonly folder: (purpose: string) => string;
  /** Runs what was deferred, last first. One that fails does not keep the others from running. */
  readonly close: () => Promise<void>;
}

export function openScope(): Scope {
  const deferred: (() => Promise<void> | void)[] = [];
  let closed = false;
  const defer = (cleanUp: () => Promise<void> | void): void => {
    deferred.push(cleanUp);
    // Work that an interrupt overtook goes on for a moment; what it makes then goes at once.
    if (closed) void closeAll(deferred);
  };
  return {
    defer,
    folder: (purpose) => {
      const path = mkdtempSync(join(tmpdir(), `tributary-bench-${purpose}-${process.pid}-`));
      defer(() => rmSync(path, { recursive: true, force: true }));
      return path;
    },
    close: async () => {
      closed = true;
      await closeAll(deferred);
    },
  };
}

async function closeAll(deferred: (() => Promise<void> | void)[]): Promise<void> {
  for (let cleanUp = deferred.pop(); cleanUp !== undefined; cleanUp = deferred.pop()) {
    try {
      await cleanUp();
    } catch (error) {
      console.error('bench: something was not cleaned up:', error);
    }
  }
}

/** Removes the folders of benches that were killed; their processes ended with them. */
export function removeLeftovers(): void {
  for (const name of readdirSync(tmpdir())) {
    const pid = /^tributary-bench-[a-z]+-(\d+)-\w{6}$/.exec(name)?.[1];
    if (pid !== undefined && !isRunning(Number(pid))) rmSync(join(tmpdir(), name), { recursive: true, force: true });
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

/** Gives work a scope that is closed when it ends. */
export async function withScope<T>(parent: Scope, work: (scope: Scope) => Promise<T>): Promise<T> {
  const scope = openScope();
  // Also known to the parent: an interrupt closes what is open at that moment.
  parent.defer(scope.close);
  try {
    return await work(scope);
  } finally {
    await scope.close();
  }
}
