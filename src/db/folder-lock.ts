import { closeSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { makeDataFolder } from './data-folder.ts';

/** Another process has the data folder open. */
export class FolderInUseError extends Error {
  override readonly name = 'FolderInUseError';
}

/**
 * Takes the data folder for this process alone. PGlite has no lock of its own, and a second process on the same folder
 * loses what it wrote without an error (PERFORMANCE.md section 1, pitfall 1).
 * A lock left by a killed process is recognised by process id and start time, so a reused id does not keep it locked.
 * Waits up to `waitMs` for a holder that is closing.
 */
export async function lockFolder(folder: string, waitMs: number): Promise<() => void> {
  makeDataFolder(folder);
  const file = join(folder, 'lock');
  const deadline = Date.now() + waitMs;
  for (;;) {
    if (tryLock(file)) return () => rmSync(file, { force: true });
    const holder = readHolder(file);
    if (holder !== undefined && !isAlive(holder)) {
      rmSync(file, { force: true });
      continue;
    }
    if (Date.now() >= deadline) {
      throw new FolderInUseError(
        `The data folder ${folder} is in use by process ${holder?.pid ?? 'unknown'}. Stop it, choose another folder with TRIBUTARY_DATA_DIR, or set DATABASE_URL to run several processes.`,
      );
    }
    await sleep(50);
  }
}

interface Holder {
  readonly pid: number;
  readonly startedAt: string;
}

function tryLock(file: string): boolean {
  try {
    const handle = openSync(file, 'wx', 0o600);
    writeSync(handle, JSON.stringify({ pid: process.pid, startedAt: startOf(process.pid) }));
    closeSync(handle);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  }
}

function readHolder(file: string): Holder | undefined {
  try {
    const holder: unknown = JSON.parse(readFileSync(file, 'utf8'));
    if (typeof holder !== 'object' || holder === null || !('pid' in holder) || typeof holder.pid !== 'number') return undefined;
    return { pid: holder.pid, startedAt: 'startedAt' in holder ? String(holder.startedAt) : '' };
  } catch {
    return undefined;
  }
}

function isAlive(holder: Holder): boolean {
  try {
    process.kill(holder.pid, 0);
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
  const startedAt = startOf(holder.pid);
  return startedAt === '' || holder.startedAt === '' || startedAt === holder.startedAt;
}

/** Start time of a process in clock ticks since boot (proc(5), field 22), or '' where there is no /proc. */
function startOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  } catch {
    return '';
  }
}
