import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { GateResult } from '../../tools/check.ts';
import { GATES, runGate } from '../../tools/check.ts';
import { LAYER_FAULTS, LINT_FAULTS, SCENERY } from './planted-faults.ts';

/**
 * A gate that sees nothing passes everything. So every gate of `npm run check` is run, by its own command and settings, on a copy
 * of this project with faults planted in it, and must name each of them.
 */
const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const NOT_COPIED = new Set(['node_modules', '.git', '.tributary', '.cache', 'coverage']);
const LOCKED = 'node_modules/@oxlint/binding-darwin-arm64';

let copy: string;

beforeAll(() => {
  copy = mkdtempSync(join(tmpdir(), 'tributary-gates-'));
  cpSync(ROOT, copy, { recursive: true, filter: (source) => dirname(source) + '/' !== ROOT || !NOT_COPIED.has(basename(source)) });
  symlinkSync(join(ROOT, 'node_modules'), join(copy, 'node_modules'));
  for (const [file, source] of [...Object.values(LAYER_FAULTS), ...Object.entries(SCENERY)]) plant(file, source);
  for (const [rule, source] of Object.entries(LINT_FAULTS)) plant(lintFile(rule), source);
  plant('src/runs/planted-type.ts', "export const port: number = 'three';");
  plant('src/queue/planted-handlers.ts', "import type { JobHandlers } from './boss.ts';\nexport const handlers: JobHandlers = {};");
  plant('src/runs/planted-format.ts', 'export const   spaced = {a:1}');
  plant('src/domain/planted-exports.ts', 'export const plantedUsed = 1;\nexport const plantedUnused = 2;');
  plant('test/planted.test.ts', "import { plantedUsed } from '#domain/planted-exports.ts';\nconsole.log(plantedUsed);");
  const lock = JSON.parse(readFileSync(join(copy, 'package-lock.json'), 'utf8'));
  delete lock.packages[LOCKED];
  writeFileSync(join(copy, 'package-lock.json'), JSON.stringify(lock));
});

afterAll(() => rmSync(copy, { recursive: true, force: true }));

function plant(file: string, source: string): void {
  mkdirSync(dirname(join(copy, file)), { recursive: true });
  writeFileSync(join(copy, file), `${source}\n`);
}

function lintFile(rule: string): string {
  return `src/runs/planted-lint-${rule.replaceAll(/\W+/g, '-')}.ts`;
}

function runOnCopy(name: string, ...more: readonly string[]): GateResult {
  const gate = GATES.find((candidate) => candidate.name === name);
  if (gate === undefined) throw new Error(`no gate ${name}`);
  return runGate({ name, command: [...gate.command, ...more] }, copy);
}

it('types: a value of the wrong type is named, and a table of handlers that lacks a job', () => {
  const { passed, output } = runOnCopy('types');

  expect(passed).toBe(false);
  expect(output).toContain('src/runs/planted-type.ts(1,14): error TS2322');
  // With it, that every job has exactly one handler is a matter of types.
  expect(output).toMatch(/src\/queue\/planted-handlers\.ts\(2,14\): error TS27\d\d: Type '\{\}' is missing/);
});

it('lint: every rule that the house leans on finds its fault', () => {
  const { passed, output } = runOnCopy('lint', '--format', 'unix');

  expect(passed).toBe(false);
  const lines = output.split('\n');
  const silent = Object.keys(LINT_FAULTS).filter(
    (rule) => !lines.some((line) => line.startsWith(`${lintFile(rule)}:`) && line.endsWith(`/${rule}]`)),
  );
  expect(silent).toEqual([]);
});

it('format: a badly set file is named', () => {
  const { passed, output } = runOnCopy('format');

  expect(passed).toBe(false);
  expect(output).toContain('src/runs/planted-format.ts');
});

it('unused: an export and a file that nobody uses are named', () => {
  const { passed, output } = runOnCopy('unused');

  expect(passed).toBe(false);
  expect(output).toContain('plantedUnused');
  expect(output).not.toContain('plantedUsed');
  expect(output).toContain('src/runs/planted-orphan.ts');
});

it('layers: every rule finds its fault, in a tree that is really read', () => {
  const { passed, output } = runOnCopy('layers');

  expect(passed).toBe(false);
  const rules: readonly { readonly name: string }[] = createRequire(import.meta.url)(join(copy, '.dependency-cruiser.cjs')).forbidden;
  const silent = rules.filter(({ name }) => !output.includes(`error ${name}: ${LAYER_FAULTS[name]?.[0]}`)).map(({ name }) => name);
  expect(silent).toEqual([]);
  const cruised = Number(/(\d+) dependencies cruised/.exec(output)?.[1]);
  expect(cruised - 2 * rules.length).toBeGreaterThan(50);
});

it('lock: a missing platform package is named', () => {
  const { passed, output } = runOnCopy('lock');

  expect(passed).toBe(false);
  expect(output).toContain(`missing: ${LOCKED.replace('node_modules/', '')}@`);
});

it('lock: completing it fills the hole', () => {
  const completed = runGate({ name: 'complete', command: ['node', 'tools/complete-lock.mjs'] }, copy);

  expect(completed).toEqual({ passed: true, output: 'package-lock.json: added 1\n' });
  expect(runOnCopy('lock')).toEqual({ passed: true, output: '' });
});

it('a gate whose program is missing has not passed', () => {
  expect(runGate({ name: 'absent', command: ['no-such-program'] }, copy).passed).toBe(false);
});
