import { lstatSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const SAMPLE_EVERY_MS = 50;
const PAGE_BYTES = 4_096;

/** Watches what a process and all that it started hold in memory together; the highest sum, in bytes, when stopped. */
export function watchMemory(pid: number): { stop(): Promise<number> } {
  let highest = 0;
  let stopped = false;
  const watching = (async () => {
    do {
      highest = Math.max(highest, treeBytes(pid));
      await sleep(SAMPLE_EVERY_MS);
    } while (!stopped);
  })();
  return {
    async stop() {
      stopped = true;
      await watching;
      return highest;
    },
  };
}

function treeBytes(root: number): number {
  const processes = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => readStat(Number(name)) ?? []);
  const members = new Set([root]);
  // Children have higher numbers than their parents but for a wrap-around; a second look finds those too.
  for (let look = 0; look < 2; look++) for (const { pid, parent } of processes) if (members.has(parent)) members.add(pid);
  return processes.filter(({ pid }) => members.has(pid)).reduce((sum, { bytes }) => sum + bytes, 0);
}

function readStat(pid: number): { readonly pid: number; readonly parent: number; readonly bytes: number } | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // proc(5): behind the name in parentheses come state, parent, and as the 22nd field the resident pages.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return { pid, parent: Number(fields[1]), bytes: Number(fields[21]) * PAGE_BYTES };
  } catch {
    return undefined;
  }
}

/** What a folder takes on the disk. */
export function diskBytes(folder: string): number {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).reduce((sum, name) => sum + blocksOf(join(folder, name)), 0);
}

function blocksOf(path: string): number {
  try {
    return lstatSync(path).blocks * 512;
  } catch {
    return 0;
  }
}
