import { spawnSync } from 'node:child_process';
import { delimiter, join } from 'node:path';

export interface Gate {
  readonly name: string;
  /** Program and arguments; the programs are those of node_modules/.bin. */
  readonly command: readonly [string, ...string[]];
}

/** What must hold before anything lands. test/architecture/gates.test.ts runs the same commands on planted faults. */
export const GATES: readonly Gate[] = [
  { name: 'types', command: ['tsc', '--noEmit'] },
  { name: 'lint', command: ['oxlint', '--report-unused-disable-directives', '--deny-warnings'] },
  { name: 'format', command: ['oxfmt', '--check'] },
  { name: 'unused', command: ['knip', '--no-config-hints'] },
  { name: 'layers', command: ['depcruise', '.'] },
  { name: 'lock', command: ['node', 'tools/lock-holes.mjs'] },
];

export interface GateResult {
  readonly passed: boolean;
  readonly output: string;
}

/** Runs one gate on the project in `folder`. A program that cannot be started has not passed. */
export function runGate({ command: [program, ...args] }: Gate, folder: string): GateResult {
  const env = { ...process.env, PATH: `${join(folder, 'node_modules', '.bin')}${delimiter}${process.env['PATH'] ?? ''}` };
  const { status, stdout, stderr, error } = spawnSync(program, args, { cwd: folder, env, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
  return { passed: status === 0, output: `${stdout ?? ''}${stderr ?? ''}${error?.message ?? ''}` };
}

if (import.meta.main) process.exitCode = checkAll();

/** Every gate runs, so that one look shows everything there is to mend. */
function checkAll(): number {
  const failed = GATES.filter((gate) => {
    const started = performance.now();
    const { passed, output } = runGate(gate, process.cwd());
    console.log(`${passed ? 'ok  ' : 'FAIL'} ${gate.name} (${((performance.now() - started) / 1_000).toFixed(1)} s)`);
    if (!passed) console.log(output);
    return !passed;
  });
  console.log(failed.length === 0 ? 'All checks passed.' : `Failed: ${failed.map((gate) => gate.name).join(', ')}`);
  return failed.length === 0 ? 0 : 1;
}
