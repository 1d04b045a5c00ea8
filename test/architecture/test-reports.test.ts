import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Report } from '../../tools/test-reports.ts';
import { sumReports, unfinishedFiles } from '../../tools/test-reports.ts';

const VITEST = join(process.cwd(), 'node_modules', 'vitest', 'vitest.mjs');
const PASSES = "test('passes', () => {});";
const PLANTED = {
  'passes.test.ts': PASSES,
  'skips.test.ts': `${PASSES} test.skip('skipped', () => {});`,
  'fails.test.ts': `${PASSES} test('fails', () => { throw new Error('no'); });`,
  'dies.test.ts': `${PASSES} test('dies', async () => { await new Promise((r) => setTimeout(r, 200)); process.kill(process.pid, 'SIGKILL'); await new Promise(() => {}); });`,
  'never-loads.test.ts': "throw new Error('no');",
};
let folder: string;

/** What Vitest reports of these files in a folder of its own. */
function report(files: Readonly<Record<string, string>>): Report {
  for (const [name, body] of Object.entries(files)) writeFileSync(join(folder, 'tests', name), `import { test } from 'vitest';\n${body}\n`);
  const outputFile = join(folder, 'report.json');
  spawnSync(
    process.execPath,
    [VITEST, 'run', '--root', folder, '--pool', 'forks', '--reporter', 'json', '--outputFile', outputFile, ...Object.keys(files)],
    { cwd: folder, stdio: 'ignore', env: { ...process.env, CI: 'true' } },
  );
  return JSON.parse(readFileSync(outputFile, 'utf8'));
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tributary-reports-'));
  mkdirSync(join(folder, 'tests'));
  symlinkSync(join(process.cwd(), 'node_modules'), join(folder, 'node_modules'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('what fails, cannot be loaded or dies is run again; what passes then counts as passed and is named', () => {
  const first = report(PLANTED);
  const unfinished = unfinishedFiles(first);
  const again = report({ 'fails.test.ts': PASSES, 'dies.test.ts': PASSES, 'never-loads.test.ts': PLANTED['never-loads.test.ts'] });

  expect(unfinished.map((path) => basename(path)).toSorted()).toEqual(['dies.test.ts', 'fails.test.ts', 'never-loads.test.ts']);
  expect(sumReports([{ first, again: undefined }])).toMatchObject({ failed: 3, skipped: 1, secondTime: [] });
  const { secondTime, ...sums } = sumReports([{ first, again }]);
  expect(sums).toEqual({ passed: 4, failed: 1, skipped: 1 });
  expect(secondTime.map((path) => basename(path)).toSorted()).toEqual(['dies.test.ts', 'fails.test.ts']);
});
