import type { ObjectDifference } from '#cli/client/shapes.ts';
import type { Paint } from '#cli/terminal.ts';
import type { ImportReport, ReportedProblem } from './import-report.ts';
import { changesOf, hasDifferences } from './import-report.ts';
import { fieldLines } from './fields.ts';
import { printableData } from './printable.ts';

type Painter = (style: Paint, text: string) => string;

/** Names that are shown of a run that is no dry run; the service has them all. */
const MOST_NAMES = 20;
/** Problems beyond this are for `--json` and the run's own page. */
const MOST_PROBLEMS = 200;
const MARKS = { added: '+', changed: '~', removed: '-' } as const;
const COLOURS = { added: 'green', changed: 'yellow', removed: 'red' } as const satisfies Record<string, Paint>;

/** The report as a person reads it: what is wrong and where, what changed, how it stands now. */
export function importText(told: ImportReport, paint: Painter): readonly string[] {
  const report = printableData(told);
  const problems = report.problems.slice(0, MOST_PROBLEMS).flatMap((problem) => problemLines(problem, paint));
  const hidden = report.problems.length - MOST_PROBLEMS;
  return [
    ...report.warnings.map((warning) => `${paint('yellow', 'warning')}  ${warning}`),
    ...problems,
    ...(hidden > 0 ? [`… and ${hidden} more problems; --json prints them all.`] : []),
    ...(report.warnings.length + problems.length > 0 ? [''] : []),
    ...verdictLines(report, paint),
    ...changeLines(report, paint),
    '',
    ...footerLines(report, paint),
  ];
}

function problemLines(problem: ReportedProblem, paint: Painter): readonly string[] {
  const severity = paint(problem.severity === 'error' ? 'red' : problem.severity === 'warning' ? 'yellow' : 'cyan', problem.severity);
  return [
    `${severity}  ${place(problem)}${paint('dim', `[${problem.code}]`)}`,
    `    ${problem.message}`,
    ...(problem.help === null ? [] : [paint('dim', `    ${problem.help}`)]),
  ];
}

/** `file:line:column`, which editors and terminals open. */
function place({ path, line, column }: ReportedProblem): string {
  if (path === null) return '';
  return `${[path, line, column].filter((part) => part !== null).join(':')}  `;
}

function verdictLines(report: ImportReport, paint: Painter): readonly string[] {
  const { counts, error } = report;
  if (report.status === 'failure') {
    const served =
      report.previous_commit === null
        ? 'Nothing was changed.'
        : `Nothing was changed; commit ${short(report.previous_commit)} stays served.`;
    return [
      `${paint('red', paint('bold', 'Failed'))}  ${error === null ? `The run ended as ${report.job_result.status}.` : `${error.message} [${error.code}]`}`,
      ...(error?.help == null ? [] : [`        ${error.help}`]),
      `        ${served}`,
    ];
  }
  if (counts === null) return [paint('green', 'Done.')];
  const at = report.commit === null ? '' : ` at commit ${short(report.commit)}`;
  if (!hasDifferences(report)) {
    return [
      `${paint('green', paint('bold', report.dry_run ? 'Nothing would change' : 'Nothing changed'))}${at}: ${counted(counts.unchanged)}.`,
    ];
  }
  const done = report.dry_run ? 'Dry run' : 'Imported';
  return [
    `${paint('green', paint('bold', done))}${at}: ${counts.added} added, ${counts.changed} changed, ${counts.removed} removed (${counts.files} files read).`,
  ];
}

/** An import that follows what changed looks at the changed files alone: zero looked at means that all is as it was. */
function counted(unchanged: number): string {
  return unchanged === 0
    ? 'what is served is what the commit holds'
    : `${unchanged} ${unchanged === 1 ? 'object is as it was' : 'objects are as they were'}`;
}

function changeLines(report: ImportReport, paint: Painter): readonly string[] {
  const shown = report.dry_run ? report.changes : report.changes.slice(0, MOST_NAMES);
  const total = changesOf(report.counts);
  if (report.status === 'failure' || shown.length === 0) return [];
  return [
    ...shown.flatMap((change) => [
      changeLine(change, paint),
      ...(change.action === 'changed' ? fieldLines(change.fields ?? []).map((line) => `      ${line}`) : []),
    ]),
    ...(total > shown.length ? [`  … and ${total - shown.length} more`] : []),
  ];
}

function changeLine(change: ObjectDifference, paint: Painter): string {
  const mark = paint(COLOURS[change.action], MARKS[change.action]);
  return `  ${mark} ${change.kind.replaceAll('-', ' ')}  ${paint('bold', change.name)}  ${paint('dim', `${change.path}:${change.line}`)}`;
}

function footerLines(report: ImportReport, paint: Painter): readonly string[] {
  const { repository, job_result: run } = report;
  if (repository.state === 'temporary') return [paint('dim', 'The repository is not registered, and the dry run did not change that.')];
  const made = repository.state === 'registered' ? ' (registered now)' : '';
  // Addresses of an application that ends with this command would lead nowhere.
  const at = (url: string): string => (report.service === null ? '' : `  ${paint('dim', url)}`);
  return [`Repository  ${repository.name}${made}${at(repository.url)}`, `Run         ${run.status}${at(run.url)}`];
}

function short(commit: string): string {
  return commit.slice(0, 10);
}
