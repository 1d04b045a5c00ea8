import { execFileSync } from 'node:child_process';
import { mkdtempSync, openSync, closeSync, fdatasyncSync, rmSync, writeSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, release, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { median } from './statistics.ts';

/** What the figures were taken on: without it they mean nothing. */
export interface Machine {
  readonly processors: number;
  readonly processor: string;
  readonly memoryGb: number;
  readonly system: string;
  readonly node: string;
  readonly git: string;
  readonly postgres: string;
  /** One small append made durable: most of what a commit costs on PostgreSQL. */
  readonly fdatasyncMs: number;
  /** Above the number of processors before anything ran, somebody else was using them. */
  readonly loadBefore: number;
}

export function describeMachine(postgres: string): Machine {
  return {
    processors: availableParallelism(),
    processor: cpus()[0]?.model ?? 'unknown',
    memoryGb: Math.round(totalmem() / 1024 ** 3),
    system: `${process.platform} ${release()}`,
    node: process.version,
    git: execFileSync('git', ['--version'], { encoding: 'utf8' }).trim().replace('git version ', ''),
    postgres,
    fdatasyncMs: timeFdatasync(),
    loadBefore: loadavg()[0] ?? 0,
  };
}

export function machineLine(machine: Machine): string {
  return (
    `${machine.processors} x ${machine.processor}, ${machine.memoryGb} GB, ${machine.system}, Node ${machine.node}, git ${machine.git}, ` +
    `${machine.postgres}, fdatasync ${machine.fdatasyncMs.toFixed(2)} ms, load ${machine.loadBefore.toFixed(1)} before`
  );
}

const TRIES = 50;

function timeFdatasync(): number {
  const folder = mkdtempSync(join(tmpdir(), 'tributary-bench-disk-'));
  const file = openSync(join(folder, 'probe'), 'w');
  try {
    const page = Buffer.alloc(8_192, 1);
    const times = Array.from({ length: TRIES }, () => {
      const before = performance.now();
      writeSync(file, page);
      fdatasyncSync(file);
      return performance.now() - before;
    });
    return median(times);
  } finally {
    closeSync(file);
    rmSync(folder, { recursive: true, force: true });
  }
}
