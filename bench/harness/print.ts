import type { Finding, Quantity } from './finding.ts';
import { ratioOf } from './finding.ts';

/** What a bench came to: its findings, why it could not run, or what broke. */
export type Outcome =
  | {
      readonly bench: string;
      readonly title: string;
      readonly seconds: number;
      readonly load: number;
      readonly findings: readonly Finding[];
    }
  | { readonly bench: string; readonly title: string; readonly skipped: string }
  | { readonly bench: string; readonly title: string; readonly failed: string };

/** The lines of one bench, for people. */
export function toLines(outcome: Outcome): readonly string[] {
  const head = `${outcome.bench}: ${outcome.title}`;
  if ('skipped' in outcome) return [head, `  not run: ${outcome.skipped}`];
  if ('failed' in outcome) return [head, `  FAILED: ${outcome.failed}`];
  return [`${head} (${outcome.seconds.toFixed(0)} s, load ${outcome.load.toFixed(1)} before)`, ...outcome.findings.flatMap(findingLines)];
}

/** Every goal of the run in a line of its own, those that were missed last. */
export function toGoals(outcomes: readonly Outcome[]): readonly string[] {
  const goals = outcomes.flatMap((outcome) => ('findings' in outcome ? outcome.findings.filter(({ goal }) => goal !== undefined) : []));
  const [met, missed] = [goals.filter(({ goal }) => goal?.met), goals.filter(({ goal }) => goal?.met === false)];
  return [
    `${met.length} of ${goals.length} goals reached`,
    ...met.map((finding) => goalLine('reached', finding)),
    ...missed.map((finding) => goalLine('NOT reached', finding)),
  ];
}

function goalLine(word: string, { name, goal }: Finding): string {
  return `  ${word.padEnd(12)} ${name.padEnd(44)} ${goal?.words ?? ''}`;
}

/** The same for programs: every finding with its ratio. */
export function toJson(machine: object, outcomes: readonly Outcome[]): string {
  const benches = outcomes.map((outcome) =>
    'findings' in outcome
      ? { ...outcome, findings: outcome.findings.map((finding) => ({ ...finding, ratio: ratioOf(finding) ?? null })) }
      : outcome,
  );
  return JSON.stringify({ machine, benches }, undefined, 2);
}

function findingLines(finding: Finding): readonly string[] {
  const { name, ours, reference, goal, notes = [] } = finding;
  const ratio = ratioOf(finding);
  const parts = [
    `  ${name.padEnd(44)} ${toText(ours).padStart(10)}`,
    reference === undefined ? '' : `${reference.name} ${toText(reference)}`,
    ratio === undefined ? '' : `= ${ratio.toFixed(2)}x`,
    goal === undefined ? '' : `goal ${goal.words}: ${goal.met ? 'reached' : 'NOT reached'}`,
  ];
  return [parts.filter((part) => part !== '').join('   '), ...notes.map((note) => `      ${note}`)];
}

function toText({ value, unit }: Quantity): string {
  const digits = unit === 'ms' && value < 100 ? 1 : 0;
  return `${value.toFixed(digits)}${unit === '/s' ? '' : ' '}${unit}`;
}
