import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import type { Insight, InsightProblem } from '#domain/insight.ts';
import type { Laboratory, Opened } from '#test/providers/contract/face.ts';
import { openLaboratory, outcome, soon } from '#test/providers/contract/face.ts';
import { PATIENCE } from '#test/support/patience.ts';
import { openScope } from '#test/support/scope.ts';
import { bitbucketFace } from './face.ts';

vi.setConfig(PATIENCE);
const scope = openScope();
let laboratory: Laboratory;
let opened: Opened;
beforeAll(async () => {
  laboratory = await openLaboratory(scope, bitbucketFace);
});
beforeEach(async () => {
  opened = await laboratory.open();
});
afterAll(() => scope.close());

const problem = (line: number, more: Partial<InsightProblem> = {}): InsightProblem => ({
  severity: 'error',
  path: 'config_contexts/a.json',
  line,
  code: 'NAME_MISSING',
  message: `line ${line} has no name`,
  help: 'Give it one.',
  ...more,
});

function insight(problems: readonly InsightProblem[], more: Partial<Insight> = {}): Insight {
  const isFailure = problems.some(({ severity }) => severity === 'error');
  const state = isFailure ? 'failure' : 'success';
  const status = { context: 'tributary/import', state, description: 'in words', targetUrl: 'https://t.example.com/1/' } as const;
  const errors = problems.filter(({ severity }) => severity === 'error').length;
  return { status, problems, counts: { errors, warnings: problems.length - errors }, ...more };
}

const put = (wanted: Insight) => {
  const { api, ref, remote } = opened;
  if (api.insights === undefined) throw new Error('Bitbucket has insights');
  return api.insights.put(ref, remote.head ?? '', wanted, soon());
};
const reports = () => opened.forge.reports(opened.remote.full_name, opened.remote.head ?? '');
/** Writes below the reports since then, as `METHOD status`. */
async function writesOf(work: () => Promise<unknown>): Promise<readonly string[]> {
  const after = (await opened.forge.effects()).at(-1)?.seq ?? 0;
  await work();
  const effects = await opened.forge.effects({ after });
  return effects.map(({ method, path }) => `${method} ${path.endsWith('/annotations') ? 'annotations' : 'report'}`);
}

test('a result is one report with its counts, and each place of a problem an annotation', async () => {
  await put(insight([problem(3), problem(9, { severity: 'warning', line: undefined, code: undefined, help: undefined })]));

  expect(await reports()).toMatchObject([
    {
      external_id: 'tributary/import',
      fields: {
        title: 'tributary/import',
        details: 'in words',
        result: 'FAILED',
        link: 'https://t.example.com/1/',
        data: [
          { title: 'Errors', value: 1 },
          { title: 'Warnings', value: 1 },
          { title: 'Files with problems', value: 1 },
        ],
      },
      annotations: [
        { path: 'config_contexts/a.json', line: 3, severity: 'HIGH', annotation_type: 'BUG', summary: 'NAME_MISSING: line 3 has no name' },
        { severity: 'MEDIUM', annotation_type: 'CODE_SMELL', summary: 'line 9 has no name' },
      ],
    },
  ]);
});

test('what says so already is left, and only what is new is posted', async () => {
  const first = insight([problem(1), problem(2)]);
  await put(first);

  expect(await writesOf(() => put(first))).toEqual([]);
  expect(await put(first)).toBe('unchanged');
  expect(await writesOf(() => put(insight([problem(1), problem(2), problem(3)])))).toEqual(['PUT report', 'POST annotations']);
  expect((await reports())[0]?.annotations).toHaveLength(3);
});

test('a problem that was mended is taken away', async () => {
  await put(insight([problem(1), problem(2)]));

  expect(await writesOf(() => put(insight([problem(2)])))).toEqual(['DELETE report', 'PUT report', 'POST annotations']);
  expect((await reports())[0]?.annotations).toMatchObject([{ line: 2 }]);
  await put(insight([]));
  expect(await reports()).toMatchObject([{ fields: { result: 'PASSED' }, annotations: [] }]);
});

test('what was broken off between two calls is completed by the next attempt', async () => {
  const many = insight(Array.from({ length: 250 }, (_, at) => problem(at + 1)));
  const fault = await opened.forge.addFault({
    match: { method: 'POST', repository: opened.remote.full_name, path: '/annotations$' },
    after: 1,
    times: 1,
    action: { kind: 'fail-after-effect', status: 502 },
  });
  const failure = await outcome(put(many));
  await opened.forge.clearFaults(fault);

  expect(failure).toMatchObject({ code: 'PROVIDER_FAILED', next: 'again' });
  expect(await writesOf(() => put(many))).toEqual(['PUT report', 'POST annotations']);
  expect((await reports())[0]?.annotations).toHaveLength(250);
});

test('as many annotations as Bitbucket takes are posted, a hundred at a time, and the rest is counted', async () => {
  const problems = Array.from({ length: 1_000 }, (_, at) => problem(at + 1));
  const writes = await writesOf(() => put(insight(problems, { counts: { errors: 1_234, warnings: 5 } })));

  const [report] = await reports();
  expect(writes.filter((write) => write === 'POST annotations')).toHaveLength(10);
  expect(report?.annotations).toHaveLength(1_000);
  expect(report?.fields).toMatchObject({ details: expect.stringContaining('239 more problems') });
});

test('words are cut to what Bitbucket takes, by code point', async () => {
  await put(insight([problem(1, { message: '🙂'.repeat(1_000) })]));

  const [annotation] = (await reports())[0]?.annotations ?? [];
  expect(Array.from(String(annotation?.['summary']))).toHaveLength(450);
});

test('a refusal names the scope', async () => {
  await opened.forge.changeBitbucket({ refuse_reports: true });
  const failure = await outcome(put(insight([problem(1)])));
  await opened.forge.changeBitbucket({ refuse_reports: false });

  expect(failure).toMatchObject({ code: 'PERM_MISSING', next: 'never', message: expect.stringContaining('repository:write') });
});
