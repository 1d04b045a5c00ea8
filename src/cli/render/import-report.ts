import type { Counts, JobResult, LogEntry, ObjectDifference } from '#cli/client/shapes.ts';

/** What `tributary import` came to. With `--json` it is printed as it is: keys are added, never changed. */
export interface ImportReport {
  /** `failure`: an error in the content or the run; what was served before is still served. */
  readonly status: 'success' | 'failure';
  readonly dry_run: boolean;
  /** null: the application ran in this command's process, and the addresses below ended with it. */
  readonly service: string | null;
  /** `registered`: this command made it; `temporary`: made for a dry run and removed again. */
  readonly repository: { readonly id: string; readonly name: string; readonly url: string; readonly state: RepositoryState };
  readonly job_result: { readonly id: string; readonly url: string; readonly status: string };
  readonly error: { readonly code: string; readonly message: string; readonly help: string | null } | null;
  /** null: the run failed before a commit was chosen. */
  readonly commit: string | null;
  readonly previous_commit: string | null;
  readonly summary: string | null;
  readonly counts: Counts | null;
  /** Of a dry run by object and field; of an import the first objects by name. */
  readonly changes: readonly ObjectDifference[];
  readonly changes_truncated: boolean;
  readonly problems: readonly ReportedProblem[];
  readonly warnings: readonly string[];
}

export type RepositoryState = 'found' | 'registered' | 'temporary';

export interface ReportedProblem {
  readonly severity: string;
  readonly code: string;
  readonly message: string;
  readonly help: string | null;
  readonly path: string | null;
  readonly line: number | null;
  readonly column: number | null;
  readonly object: string | null;
}

export interface EndedImport {
  readonly service: string | null;
  readonly dryRun: boolean;
  readonly repository: ImportReport['repository'];
  readonly job: JobResult;
  readonly log: readonly LogEntry[];
  readonly warnings: readonly string[];
}

export function toImportReport({ service, dryRun, repository, job, log, warnings }: EndedImport): ImportReport {
  const { result, error } = job;
  const changes = result?.diff ?? result?.changes ?? [];
  return {
    status: job.status.value === 'SUCCESS' ? 'success' : 'failure',
    dry_run: dryRun,
    service,
    repository,
    job_result: { id: job.id, url: job.url, status: job.status.value },
    error: error == null ? null : { code: error.code, message: error.message, help: error.help ?? null },
    commit: result?.commit ?? null,
    previous_commit: result?.previous_commit ?? null,
    summary: result?.summary ?? null,
    counts: result?.counts ?? null,
    changes,
    changes_truncated: job.status.value === 'SUCCESS' && changes.length < changesOf(result?.counts),
    problems: log.filter((entry) => isProblem(entry, job)).map(toProblem),
    warnings,
  };
}

export function hasDifferences({ counts }: ImportReport): boolean {
  return changesOf(counts) > 0;
}

export function changesOf(counts: Counts | null | undefined): number {
  return counts == null ? 0 : counts.added + counts.changed + counts.removed;
}

/** A finding about content. The line that says why the run as a whole failed repeats `error` and is none. */
function isProblem(entry: LogEntry, job: JobResult): boolean {
  return entry.code !== undefined && !(entry.code === job.error?.code && entry.path === undefined);
}

function toProblem(entry: LogEntry): ReportedProblem {
  return {
    severity: entry.level,
    code: entry.code ?? '',
    message: entry.message,
    help: entry.help ?? null,
    path: entry.path ?? null,
    line: entry.line ?? null,
    column: entry.column ?? null,
    object: entry.object ?? null,
  };
}
