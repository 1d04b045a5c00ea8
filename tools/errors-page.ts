import { writeFileSync } from 'node:fs';
import { FAILURES } from '#domain/failure-codes.ts';
import type { FailureCode } from '#domain/failure-codes.ts';
import type { RetryClass } from '#domain/retry-class.ts';
import { REFUSALS } from '#domain/refusal.ts';
import { PROBLEMS } from '#import/problem-codes.ts';
import { FAILURE_TEXTS } from './failure-texts.ts';

/** Where the page lies, from the root of the project. */
export const ERRORS_PAGE = 'docs/errors.md';

/** The whole of docs/errors.md, from the tables that the service itself obeys. */
export function renderErrorsPage(): string {
  return `# Errors

Written by \`node tools/errors-page.ts\` from the tables in the code; change it there.
Codes are stable: programs may branch on them. Messages are not, and carry the particulars.

- [Failures of runs](#failures-of-runs): in job results and logs, and what the service does next
- [Problems of content](#problems-of-content): findings in files, each with file, line and column
- [Refusals of requests](#refusals-of-requests): answers of the API

## Failures of runs

${Object.keys(FAILURES)
  .map((code) => failureSection(code as FailureCode))
  .join('\n')}
## Problems of content

An error stops the import: nothing changes and the last good commit stays served. Warnings and information never stop one.

| code | severity | meaning | what to do |
|---|---|---|---|
${Object.entries(PROBLEMS)
  .map(([code, { severity, meaning, help }]) => row(`\`${code}\``, severity, meaning, help))
  .join('\n')}

## Refusals of requests

An answer with one of these holds \`{"code", "detail", "help", "request_id"}\` and the fields that are wrong by their names.

| code | status | what to do |
|---|---|---|
${Object.entries(REFUSALS)
  .map(([code, { status, help }]) => row(`\`${code}\``, String(status), help))
  .join('\n')}
`;
}

const BY_ITSELF = 'nothing by itself. It runs again when somebody asks, the repository is changed, or a push arrives.';
const AGAIN = 'it runs again by itself, after a second at first and up to five minutes apart, ten times in all; then it is kept as failed.';

/** What the service does next. Exhaustive by type, like the table of classes. */
const NEXT: Readonly<Record<RetryClass, string>> = {
  transient: AGAIN,
  internal: AGAIN,
  conflict: AGAIN,
  storage: 'it runs again by itself, after half a minute at first and up to five minutes apart, until there is room again.',
  'rate-limited': 'it waits for the time that the other side named, or a few minutes, and runs again.',
  auth: BY_ITSELF,
  'not-found': BY_ITSELF,
  'ref-missing': BY_ITSELF,
  content: BY_ITSELF,
  policy: BY_ITSELF,
  setup: BY_ITSELF,
  poison: BY_ITSELF,
  settled: BY_ITSELF,
};

function failureSection(code: FailureCode): string {
  const { retryClass, help, operational }: { retryClass: RetryClass; help: string; operational?: string } = FAILURES[code];
  const { what, why, next = NEXT[retryClass] } = FAILURE_TEXTS[code];
  const shown = operational === undefined ? '' : ` Until then the repository shows \`${operational}\`.`;
  return `### ${code}

${what}

- Why: ${why}
- What to do: ${help}
- What the service does next (\`${retryClass}\`): ${next}${shown}
`;
}

function row(...cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll('|', String.raw`\|`)).join(' | ')} |`;
}

// A test compares the page with what this writes.
if (import.meta.main) writeFileSync(ERRORS_PAGE, renderErrorsPage());
