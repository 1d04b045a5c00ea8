// Part of .ci/run: reads what the JSON reporter of Vitest wrote.
import { existsSync, readFileSync } from 'node:fs';
import { relative } from 'node:path';

export interface Report {
  readonly testResults: readonly FileResult[];
}

interface FileResult {
  /** Path of the file. */
  readonly name: string;
  readonly status: 'passed' | 'failed';
  readonly assertionResults: readonly { readonly status: 'passed' | 'failed' | 'pending' | 'skipped' | 'todo' }[];
}

/** Files of a report that have not passed, and those whose process died under them: of these Vitest (5.1) reports a pending test and no failure. */
export function unfinishedFiles({ testResults }: Report): readonly string[] {
  return testResults.filter(hasNotPassed).map(({ name }) => name);
}

/** Where a file was run again, its last run counts. */
export function sumReports(runs: readonly { readonly first: Report; readonly again: Report | undefined }[]): {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  /** Files that passed only when they were run again. */
  readonly secondTime: readonly string[];
} {
  const files = runs.flatMap(({ first, again }) => {
    const later = new Map(again?.testResults.map((file) => [file.name, file]));
    return first.testResults.map((file) => ({ last: later.get(file.name) ?? file, isAgain: later.has(file.name) }));
  });
  const tests = files.flatMap(({ last }) => last.assertionResults);
  const failed = tests.filter(({ status }) => status === 'failed' || status === 'pending').length;
  // A file that cannot be loaded fails, and no test of it.
  const broken = files.filter(
    ({ last }) => last.status === 'failed' && last.assertionResults.every(({ status }) => status !== 'failed'),
  ).length;
  return {
    passed: tests.filter(({ status }) => status === 'passed').length,
    failed: failed + broken,
    skipped: tests.filter(({ status }) => status === 'skipped' || status === 'todo').length,
    secondTime: files.filter(({ last, isAgain }) => isAgain && !hasNotPassed(last)).map(({ last }) => last.name),
  };
}

function hasNotPassed({ status, assertionResults }: FileResult): boolean {
  return status !== 'passed' || assertionResults.some((result) => result.status === 'failed' || result.status === 'pending');
}

function read(path: string): Report {
  return JSON.parse(readFileSync(path, 'utf8'));
}

function main([what, ...paths]: readonly string[]): void {
  const reports = paths.filter((path) => existsSync(path));
  if (what === 'unfinished') {
    for (const file of reports.flatMap((path) => unfinishedFiles(read(path)))) console.log(relative(process.cwd(), file));
    return;
  }
  const runs = reports.map((path) => {
    const again = path.replace(/\.json$/, '-again.json');
    return { first: read(path), again: existsSync(again) ? read(again) : undefined };
  });
  const { passed, failed, skipped, secondTime } = sumReports(runs);
  for (const file of secondTime) console.log(`Passed only the second time: ${relative(process.cwd(), file)}`);
  console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
}

if (import.meta.main) main(process.argv.slice(2));
