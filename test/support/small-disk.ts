import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Scope } from './scope.ts';

export interface SmallDisk {
  readonly folder: string;
  /** Takes all of its space but so many bytes. */
  readonly fill: (leaveBytes: number) => void;
  /** Gives it back. */
  readonly free: () => void;
}

/** Why there can be no disk of a size of its own here; undefined where there can. */
export const noSmallDisks: string | undefined = whyNone();

/** A file system in memory of its own; gone with the scope. */
export function mountSmallDisk(scope: Pick<Scope, 'defer'>, megabytes: number): SmallDisk {
  const mountPoint = mkdtempSync(join(tmpdir(), 'tributary-disk-'));
  mount(mountPoint, megabytes);
  scope.defer(() => unmount(mountPoint));
  const folder = join(mountPoint, 'data');
  mkdirSync(folder, { mode: 0o700 });
  const filler = join(mountPoint, 'filler');
  return {
    folder,
    fill: (leaveBytes) => {
      const { bavail, bsize } = statfsSync(mountPoint);
      writeFileSync(filler, Buffer.alloc(Math.max(0, bavail * bsize - leaveBytes)));
    },
    free: () => rmSync(filler, { force: true }),
  };
}

function mount(at: string, megabytes: number): void {
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m,mode=0755`, 'tributary-test', at], { stdio: 'pipe' });
}

function unmount(at: string): void {
  // What still has a file open there is about to end.
  execFileSync('umount', ['--lazy', at], { stdio: 'pipe' });
  rmSync(at, { recursive: true, force: true });
}

function whyNone(): string | undefined {
  const at = mkdtempSync(join(tmpdir(), 'tributary-disk-'));
  try {
    mount(at, 1);
    unmount(at);
    return undefined;
  } catch {
    rmSync(at, { recursive: true, force: true });
    return 'a file system of a size of its own cannot be mounted here (it takes root)';
  }
}
