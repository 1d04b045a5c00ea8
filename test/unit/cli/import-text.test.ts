import { expect, test } from 'vitest';
import type { JobResult, LogEntry } from '#cli/client/shapes.ts';
import { hasDifferences, toImportReport } from '#cli/render/import-report.ts';
import { importText } from '#cli/render/import-text.ts';

const COMMIT = '1a2b3c4d5e6f7a8b9c0d1a2b3c4d5e6f7a8b9c0d';
const NONE = { added: 0, changed: 0, removed: 0, unchanged: 0, errors: 0, warnings: 0, files: 0 };
const REPOSITORY = { id: 'r1', name: 'net-config', url: 'http://service/r1/', state: 'found' } as const;

function job(status: string, more: Partial<JobResult> = {}): JobResult {
  return { id: 'j1', url: 'http://service/j1/', status: { value: status }, result: undefined, ...more };
}

function render(ended: JobResult, log: readonly LogEntry[] = [], dryRun = false): string {
  const report = toImportReport({ service: 'http://service', dryRun, repository: REPOSITORY, job: ended, log, warnings: [] });
  return importText(report, (_style, plain) => plain).join('\n');
}

function dryRunWith(counts: Partial<typeof NONE>) {
  const result = { commit: COMMIT, previous_commit: null, summary: '', counts: { ...NONE, ...counts } };
  return toImportReport({
    service: 'http://service',
    dryRun: true,
    repository: REPOSITORY,
    job: job('SUCCESS', { result }),
    log: [],
    warnings: [],
  });
}

test('names every problem with file, line, column, code and what to do', () => {
  const log: LogEntry[] = [
    {
      id: '1',
      level: 'error',
      grouping: 'import',
      message: 'Two keys.',
      code: 'KEY_DUPLICATE',
      help: 'Remove one.',
      path: 'a.yaml',
      line: 3,
      column: 5,
    },
    { id: '2', level: 'warning', grouping: 'import', message: 'Odd.', code: 'YAML_11_VALUE', path: 'b.yaml', line: 1 },
  ];

  const shown = render(job('FAILURE', { error: { code: 'CONTENT_INVALID', message: '1 error', help: 'Mend it.' } }), log);

  expect(shown).toContain('error  a.yaml:3:5  [KEY_DUPLICATE]\n    Two keys.\n    Remove one.');
  expect(shown).toContain('warning  b.yaml:1  [YAML_11_VALUE]');
  expect(shown).toContain('Failed  1 error [CONTENT_INVALID]');
  expect(shown).toContain('Nothing was changed.');
});

test('does not list the failure of the run among the problems of the content', () => {
  const failed = job('FAILURE', { error: { code: 'REPO_NOT_FOUND', message: 'There is none.', help: null } });
  const log: LogEntry[] = [{ id: '1', level: 'error', grouping: 'sync', message: 'There is none.', code: 'REPO_NOT_FOUND' }];

  expect(
    toImportReport({ service: 'http://service', dryRun: false, repository: REPOSITORY, job: failed, log, warnings: [] }).problems,
  ).toEqual([]);
});

test('says that nothing changed when nothing did', () => {
  const result = { commit: COMMIT, previous_commit: COMMIT, summary: 'nothing', counts: { ...NONE, unchanged: 4 } };

  expect(render(job('SUCCESS', { result }))).toContain('Nothing changed at commit 1a2b3c4d5e: 4 objects are as they were.');
});

test('shows a dry run by object and field, with values before and after', () => {
  const result = {
    commit: COMMIT,
    previous_commit: null,
    summary: '',
    counts: { ...NONE, changed: 1, added: 1, files: 2 },
    diff: [
      {
        action: 'changed' as const,
        kind: 'config-context',
        name: 'NYC',
        path: 'config_contexts/NYC.yaml',
        line: 1,
        fields: [
          { path: '/data/ntp', before: '1', after: 1 },
          { path: '/data/new', after: [] },
          { path: '/weight', before: 5 },
        ],
      },
      { action: 'added' as const, kind: 'export-template', name: 'x', path: 'export_templates/a/b/x', line: 1, fields: [] },
    ],
  };

  const shown = render(job('SUCCESS', { result }), [], true);

  expect(shown).toContain('~ config context  NYC  config_contexts/NYC.yaml:1');
  expect(shown).toContain('~ /data/ntp: "1" -> 1');
  expect(shown).toContain('+ /data/new: []');
  expect(shown).toContain('- /weight: 5');
  expect(shown).toContain('+ export template  x');
});

test('names what an import changed, as far as the service says, and counts the rest', () => {
  const object = { action: 'added' as const, kind: 'config-context', name: 'NYC', path: 'config_contexts/NYC.yaml', line: 1 };
  const result = { commit: COMMIT, previous_commit: null, summary: '', counts: { ...NONE, added: 3, files: 3 }, changes: [object] };

  expect(render(job('SUCCESS', { result }))).toMatch(/3 added, .*\n {2}\+ config context {2}NYC .*\n {2}… and 2 more\n/);
});

test('gives no addresses of an application that ends with the command', () => {
  const report = toImportReport({ service: null, dryRun: false, repository: REPOSITORY, job: job('SUCCESS'), log: [], warnings: [] });

  expect(importText(report, (_style, plain) => plain).join('\n')).not.toContain('http://');
});

test('never lets content write control characters to the terminal', () => {
  const log: LogEntry[] = [{ id: '1', level: 'error', grouping: 'import', message: 'a\u001B[2Jb\rc', code: 'X', path: 'p\u009Bq\n' }];

  // oxlint-disable-next-line no-control-regex -- control characters are what this is about
  expect(render(job('FAILURE'), log)).not.toMatch(/[\u0000-\u0009\u000B-\u001F\u007F-\u009F]/);
});

test('counts added, changed and removed objects as differences, and nothing else', () => {
  expect(hasDifferences(dryRunWith({ unchanged: 3, warnings: 2, files: 9 }))).toBe(false);
  expect(hasDifferences(dryRunWith({ added: 1 }))).toBe(true);
  expect(hasDifferences(dryRunWith({ changed: 1 }))).toBe(true);
  expect(hasDifferences(dryRunWith({ removed: 1 }))).toBe(true);
});
